#!/usr/bin/python3
"""Every check finds what it is there for, and leaves alone what is right: small trees made here."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

import check_includes
import check_paths
import check_sizes
import check_tools
import check_words
import lint

CMAKE = """
function(stapd_room folder)
endfunction()
stapd_room(runtime/base DEPENDS fmt::fmt)
stapd_room(runtime/image DEPENDS runtime_base)
stapd_room(runtime/load DEPENDS runtime_image PkgConfig::libbpf)
stapd_room(translator/lex DEPENDS runtime_base)
stapd_room(translator DEPENDS translator_lex)
stapd_room(stapd DEPENDS translator runtime_load)
"""


class LintTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("CMakeLists.txt", CMAKE)

    def write(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def faults(self, check, **files):
        """What `check` says of a tree with these files; `__` in a name is `/`, `_dot_` is `.`."""
        for name, text in files.items():
            self.write(name.replace("__", "/").replace("_dot_", "."), text)
        return check(self.root)

    def assert_one(self, faults, *parts):
        self.assertEqual(len(faults), 1, faults)
        for part in parts:
            self.assertIn(part, faults[0])


class Includes(LintTest):
    def check(self, path, include):
        self.write("runtime/base/b.h", "")
        self.write("runtime/image/i.h", "")
        self.write("translator/lex/l.h", "")
        self.write("translator/compile.h", "")
        self.write("stapd/manager.h", "")
        self.write("tests/support/s.h", "")
        self.write(path, f"\n#include {include}\n")
        return check_includes.check(self.root)

    def test_what_depends_says_is_right(self):
        self.assertEqual(self.check("runtime/load/a.cpp", '"runtime/base/b.h"'), [])
        self.assertEqual(self.check("stapd/a.cpp", '"translator/compile.h"'), [])
        self.assertEqual(self.check("tests/unit/a.cpp", '"translator/lex/l.h"'), [])

    def test_against_the_direction(self):
        self.assert_one(self.check("runtime/base/a.cpp", '"runtime/image/i.h"'),
                        "runtime/base/a.cpp:2", "does not DEPEND on runtime/image")

    def test_sideways(self):
        self.assert_one(self.check("translator/lex/a.cpp", '"runtime/image/i.h"'),
                        "translator/lex does not DEPEND")

    def test_past_the_translators_door(self):
        self.assert_one(self.check("stapd/a.cpp", '"translator/lex/l.h"'), "doors are")

    def test_the_daemon_and_tests_are_included_by_nobody(self):
        self.assert_one(self.check("runtime/load/a.cpp", '"stapd/manager.h"'), "nobody includes")

    def test_production_includes_no_tests(self):
        self.assertEqual(self.check("bench/a.cpp", '"tests/support/s.h"'), [])
        self.assert_one(self.check("runtime/load/a.cpp", '"tests/support/s.h"'), "only tests")

    def test_not_from_the_root(self):
        self.assert_one(self.check("runtime/base/a.cpp", '"b.h"'), "start at the root")

    def test_a_folder_that_is_no_room(self):
        self.assert_one(self.check("runtime/new/a.cpp", '"runtime/base/b.h"'), "no room")

    def test_doors(self):
        for header in ("<bpf/bpf.h>", "<libelf.h>", "<zstd.h>", "<systemd/sd-bus.h>",
                       "<boost/asio.hpp>", "<bpf/btf.h>"):
            with self.subTest(header):
                self.assert_one(self.check("runtime/base/a.cpp", header), "only")
        self.assertEqual(self.check("runtime/base/a.cpp", "<vector>"), [])
        self.assertEqual(self.check("runtime/load/b.cpp", "<bpf/bpf.h>"), [])


class Sizes(LintTest):
    def function(self, lines):
        return "void f() {\n" + "  g();\n" * (lines - 2) + "}\n"

    def test_file(self):
        self.assertEqual(self.faults(check_sizes.check, a_dot_cpp="\n" * 500), [])
        self.assert_one(self.faults(check_sizes.check, a_dot_cpp="\n" * 501), "501 lines")

    def test_function(self):
        self.assertEqual(self.faults(check_sizes.check, a_dot_h=self.function(60)), [])
        self.assert_one(self.faults(check_sizes.check, a_dot_h=self.function(61)), "f has 61 lines")

    def test_python_function(self):
        self.assert_one(self.faults(check_sizes.check, a_dot_py="def f():\n" + "    g()\n" * 60),
                        "f has 61 lines")

    def test_allowed_with_a_reason(self):
        self.write("a.cpp", self.function(61))
        self.write("tests/lint/allowed_sizes.txt", "a.cpp:f  a table\n")
        self.assertEqual(check_sizes.check(self.root), [])
        self.write("tests/lint/allowed_sizes.txt", "a.cpp:f\n")
        self.assert_one(check_sizes.check(self.root), "no reason")

    def test_allowed_for_nothing(self):
        self.write("tests/lint/allowed_sizes.txt", "a.cpp:f  a table\n")
        self.assert_one(check_sizes.check(self.root), "not too long any more")


class Words(LintTest):
    def test_unfinished_and_foreign_paths(self):
        for text in ("TO" "DO: later", "FIX" "ME", "see /wo" "rk/main", "as in elabo" "rate.cxx"):
            with self.subTest(text):
                self.assert_one(self.faults(check_words.check, notes_dot_md=text + "\n"),
                                "notes.md:1")
        self.assertEqual(self.faults(check_words.check, notes_dot_md="/usr/share/systemtap\n"), [])

    def test_foreign_words_in_names(self):
        for code in ("int probe_predicate;", "struct ActionList {};", "void f(int attach_point);",
                     "class AttachPoint;", "int kClauseCount;"):
            with self.subTest(code):
                self.assert_one(self.faults(check_words.check, a_dot_cpp=code + "\n"), "a.cpp:1")

    def test_given_names_and_prose(self):
        code = ("int max_action; struct sigaction sa; // a predicate\n"
                "const char* s = \"action\"; std::predicate auto p; int transactions = MAXACTION;\n"
                "template <class Predicate> void g();\n")
        self.assertEqual(self.faults(check_words.check, a_dot_cpp=code), [])

    def test_allowed(self):
        self.write("a.cpp", "enum class Op { action };\nint x = Op::action;\n")
        self.write("room/b.h", "int action;\n")
        self.write("tests/lint/allowed_words.txt",
                   "a.cpp:action  why\nOp::action  why\nroom/:action  why\n")
        self.assertEqual(check_words.check(self.root), [])
        self.write("a.cpp", "enum class Op { action };\n")
        self.assert_one(check_words.check(self.root), "Op::action occurs no more")


class Paths(LintTest):
    def test_a_recipe_that_leads_nowhere(self):
        self.write("runtime/image/ir.h", "")
        self.assert_one(self.faults(check_paths.check, HACKING_dot_md="Edit `runtime/image/ir.h`, then\n"
                                    "`runtime/image/gone.h` and `stap`.\n"),
                        "HACKING.md:2", "runtime/image/gone.h")


class Tools(LintTest):
    def test_format(self):
        self.write(".clang-format", "BasedOnStyle: Google\n")
        try:
            self.assertEqual(self.faults(check_tools.check_format, a_dot_cpp="int a = 1;\n"), [])
        except check_tools.Skipped as reason:
            self.skipTest(str(reason))
        self.assert_one(self.faults(check_tools.check_format, a_dot_cpp="int  a=1;\n"), "a.cpp:1")

    def test_shell(self):
        self.assertEqual(self.faults(check_tools.check_shell, a_dot_sh="#!/bin/bash\necho\n"), [])
        self.write("run", "#!/bin/bash\nrm $1\n")
        self.assert_one(check_tools.check_shell(self.root), "run:2", "SC2086")

    def test_shell_without_a_first_line(self):
        self.write("tests/systemd/a.test", "[[ $STEP -eq 1 ]]\n")
        self.assertEqual(check_tools.check_shell(self.root), [])
        self.write("tests/kernel/a.test", "[[ 1 -eq 1 ]]\n")
        self.assert_one(check_tools.check_shell(self.root), "tests/kernel/a.test:1")


class TheTree(unittest.TestCase):
    def test_the_rooms_of_this_tree_are_found(self):
        root = Path(__file__).resolve().parent.parent.parent
        rooms = check_includes.Rooms((root / "CMakeLists.txt").read_text())
        self.assertIn("runtime/base", rooms.uses["runtime/load"])
        self.assertEqual(rooms.room_of(Path("runtime/base/result.h")), "runtime/base")

    def test_every_check_is_run_by_ctest(self):
        text = (Path(__file__).resolve().parent / "CMakeLists.txt").read_text()
        for check in lint.CHECKS:
            self.assertRegex(text, rf"foreach\(check[^)]*\b{check}\b")


if __name__ == "__main__":
    unittest.main()
