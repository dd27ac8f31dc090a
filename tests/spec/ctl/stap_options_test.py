#!/usr/bin/env python3
"""stap's command line: every option of SystemTap's works, says that it does nothing, or is refused
with the reason; clusters; lists and inventories; exit statuses."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from instance import BIN, PATIENCE, main, run_as_nobody

QUIT = "probe begin { exit() }"


def stap(*words, **options):
    options = {"capture_output": True, "text": True, "timeout": PATIENCE, "check": False,
               "stdin": subprocess.DEVNULL, **options}
    return subprocess.run([BIN / "stap", *words], **options)


class Options(unittest.TestCase):
    def test_what_does_nothing_says_so(self):
        for option in ("-k", "-P", "--prologue-searching=always", "-BX=1", "-dkernel", "--bpf",
                       "--ldd", "--all-modules", "--disable-cache", "--poison-cache",
                       "--clean-cache", "-R/x", "--check-version", "--sign-module", "--modinfo=a=b",
                       "--save-uprobes", "--debug", "--download-debuginfo=yes", "--tmpdir=/tmp",
                       "--rlimit-nproc=5", "--rlimit-fsize=5", "--build-as=x",
                       "--semantic-keep-going"):
            result = stap(option, "-p1", "-e", QUIT)
            self.assertEqual(result.returncode, 0, option)
            self.assertIn("does nothing: ", result.stderr, option)
            self.assertIn("probe begin", result.stdout)

    def test_what_cannot_be_done_is_refused_with_the_reason(self):
        for option in ("-i", "--interactive", "-r6.1", "-aarm64", "-F", "--dyninst",
                       "--monitor=2", "--use-server", "--use-server-on-error=yes",
                       "--use-http-server=x", "--list-servers", "--trust-servers", "--remote=x",
                       "--remote-prefix", "--target-namespaces=1", "--sysroot=/x", "--sysenv=A=b",
                       "--language-server", "--runtime=kernel"):
            result = stap(option, "-e", QUIT)
            self.assertEqual(result.returncode, 1, option)
            self.assertRegex(result.stderr, r"is not supported: \w+")

    def test_wrong_words(self):
        for words, text in ((["-q"], "invalid option -- 'q'"), (["--nonsense"], "--nonsense"),
                            (["--dump-probe"], "ambiguous"), ([], "a script must be specified"),
                            (["-e"], "requires an argument"), (["-p6", "-e", QUIT], "'6'"),
                            (["-s0", "-e", QUIT], "'0'"), (["-Dx", "-e", QUIT], "NAME=VALUE"),
                            (["-G1", "-e", QUIT], "NAME=VALUE"), (["-T0", "-e", QUIT], "'0'"),
                            (["-ctrue", "-x1", "-e", QUIT], "-c and -x"),
                            (["-lbegin", "-e", QUIT], "-l and -L"),
                            (["--suppress-time-limits", "-e", QUIT], "guru"),
                            (["--color=green", "-e", QUIT], "green"),
                            (["--privilege=king", "-e", QUIT], "king")):
            result = stap(*words)
            self.assertEqual(result.returncode, 1, words)
            self.assertEqual(result.stdout, "")
            self.assertIn(text, result.stderr)
            self.assertIn("Try 'stap --help'", result.stderr)

    def test_a_language_of_the_future(self):
        result = stap("--compatible=99.1", "-p1", "-e", QUIT)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("99.1 is in the future", result.stderr)
        self.assertEqual(stap("--compatible=4.8", "-p1", "-e", QUIT).returncode, 0)

    def test_clusters(self):
        self.assertIn("# probes\nbegin", stap("-gup2", "-e", QUIT).stdout)
        self.assertIn("parse tree", stap("-vwp1", "-e", QUIT).stdout)

    def test_passes(self):
        for number, text in ((1, "# parse tree dump"), (2, "begin /* <- begin */"),
                             (3, "handler begin()"), (4, "program heartbeat")):
            result = stap(f"-p{number}", "-e", QUIT)
            self.assertEqual(result.returncode, 0)
            self.assertIn(text, result.stdout)
            self.assertEqual(result.stderr, "")

    def test_the_time_of_each_pass(self):
        text = stap("-v", "-e", QUIT).stderr
        for number, what in ((1, "parsed user script and"), (2, "analyzed script: 1 probe,"),
                             (3, "lowered"), (4, "generated")):
            self.assertRegex(text, rf"Pass {number}: {what}.* using \d+virt/\d+res/\d+shr/\d+data "
                                   rf"kb, in \d+usr/\d+sys/\d+real ms\.\n")
        self.assertRegex(text, r"Pass 5: starting run\.\nPass 5: run completed.*\n")
        one = stap("--vp", "01000", "-e", QUIT).stderr
        self.assertEqual(re.findall(r"Pass (\d)", one), ["2"])

    def test_help_and_version(self):
        self.assertIn("Usage: stap", stap("--help").stdout)
        self.assertRegex(stap("-V").stdout, r"^stap \(stapd\) \d")

    def test_limits_of_compiling(self):
        result = stap("--rlimit-as=1000000", "-e", QUIT)
        self.assertEqual(result.returncode, 1)
        self.assertIn("not enough memory", result.stderr)
        self.assertEqual(stap("--rlimit-as=4000000000", "--rlimit-stack=8000000",
                              "--rlimit-cpu=50", "-e", QUIT).returncode, 0)

    def test_colour(self):
        self.assertIn("\x1b[", stap("--color", "-p2", "-e", "probe begin {x=y}").stderr)
        self.assertNotIn("\x1b[", stap("-p2", "-e", "probe begin {x=y}").stderr)


class Lists(unittest.TestCase):
    def test_points(self):
        result = stap("-l", "syscall.getp[ip]id")
        self.assertEqual(result.returncode, 1)
        result = stap("-l", "syscall.getp*id")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stdout.split(),
                         ["syscall.getpgid", "syscall.getpid", "syscall.getppid"])
        self.assertEqual(stap("-l", "begin").stdout, "begin\n")
        self.assertEqual(stap("-l", 'kernel.trace("sched_process_ex*")').stdout.split(),
                         ['kernel.trace("sched:sched_process_exec")',
                          'kernel.trace("sched:sched_process_exit")'])

    def test_variables(self):
        line = stap("-L", 'kernel.trace("sched_process_exec")').stdout
        self.assertRegex(line, r"^kernel\.trace\(\"sched:sched_process_exec\"\) .*"
                               r"\$p:struct task_struct\*")
        line = stap("-L", "syscall.getpgid").stdout
        self.assertIn(" name:string pid:long argstr:string", line)

    def test_nothing_to_list(self):
        result = stap("-l", "nosuch.point")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("nosuch", result.stderr)

    def test_inventories(self):
        functions = stap("--dump-functions").stdout.splitlines()
        self.assertIn("execname:string ()", functions)
        self.assertIn("exit ()", functions)
        self.assertEqual(functions, sorted(functions))
        self.assertFalse([line for line in functions if line.startswith("_")])
        types = stap("--dump-probe-types").stdout.splitlines()
        for family in ("begin", "kernel.trace(string)", "timer.s(number)",
                       "process(string).function(string).return"):
            self.assertIn(family, types)
        aliases = stap("--dump-probe-aliases").stdout.splitlines()
        self.assertTrue([line for line in aliases if line.startswith("syscall.openat = ")])

    def test_lists_need_no_root(self):
        result = run_as_nobody("stap", "-l", "begin")
        self.assertEqual(result.stdout, "begin\n")


class BadInput(unittest.TestCase):
    def assert_fails(self, result, *texts):
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout, "")
        for text in texts:
            self.assertEqual(result.stderr.count(text), 1, result.stderr)

    def test_scripts_that_are_wrong(self):
        self.assert_fails(stap("-e", "probe begin { x"), "parse error:", "<input>:1")
        self.assert_fails(stap("-e", "probe nosuch { exit() }"), "probe point mismatch")
        self.assert_fails(stap("-e", 'probe begin { x = 1 x = "a" print(x) }'), "type mismatch (")

    def test_scripts_that_are_not_there(self):
        self.assert_fails(stap("/nonexistent.stp"), "'/nonexistent.stp'")
        with tempfile.TemporaryDirectory() as folder:
            self.assert_fails(stap(folder), f"'{folder}'")
            self.assert_fails(stap("--example", "no-such-example"), "no example 'no-such-example'")

    def test_a_script_that_may_not_be_read(self):
        with tempfile.NamedTemporaryFile("w", suffix=".stp") as script:
            script.write(QUIT)
            script.flush()
            os.chmod(script.name, 0o600)
            self.assert_fails(run_as_nobody("stap", script.name), script.name,
                              "Permission denied")

    def test_without_root(self):
        result = run_as_nobody("stap", "-e", QUIT)
        self.assert_fails(result, "root")

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = stap("-p1", "-e", QUIT, capture_output=False, stdout=full,
                          stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 1)
        self.assertIn("No space left on device", result.stderr)
        self.assert_fails(stap("-o", "/nonexistent/x", "-e", QUIT), "/nonexistent/x")

    def test_standard_input_and_files(self):
        self.assertEqual(stap("-", stdin=None, input='probe begin { print("in") exit() }').stdout,
                         "in")
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder, "a.stp")
            script.write_text("probe begin { println(@1, $2) exit() }")
            self.assertEqual(stap(script, "one", "2").stdout, "one2\n")


if __name__ == "__main__":
    main()
