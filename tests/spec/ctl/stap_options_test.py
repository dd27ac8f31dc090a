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
    # A value for each that wants one; what else has to be on the command line for some.
    VALUES = {"vp": "11111", "p": "2", "I": "/", "e": QUIT, "E": "probe never {}", "o": "/dev/null",
              "m": "m", "c": "true", "x": str(os.getpid()), "D": "MAXACTION=2000", "s": "2",
              "l": "begin", "L": "begin", "S": "1", "T": "1", "G": "n=1", "runtime": "bpf",
              "privilege": "stapdev", "compatible": "4.8", "rlimit-as": "8000000000",
              "rlimit-cpu": "60", "rlimit-stack": "8000000", "root": "/tmp", "B": "X=1",
              "modinfo": "a=b", "color": "auto", "example": None}
    ALONE = ("h", "V", "l", "L", "dump-probe-types", "dump-probe-aliases", "dump-functions", "e",
             "example")
    MORE = {"S": ["-o", "/dev/null"], "suppress-time-limits": ["-g"],
            "G": ["-E", "global n probe begin { print(n) }"]}

    @staticmethod
    def table():
        """(letter or "", long name or "", argument, treatment) of each option."""
        text = Path(__file__).resolve().parents[3].joinpath("ctl/stap/options.def").read_text()
        rows = re.findall(r"^STAP_OPTION\(\w+, (?:'(.)'|0), (?:\"([\w-]+)\"|nullptr), (\w+), (\w+),",
                          text, re.M)
        assert len(rows) == text.count("\nSTAP_OPTION(")
        return rows

    def words_of(self, letter, name, argument):
        value = self.VALUES.get(letter or name, "1" if argument == "required" else "")
        ways = [["-" + letter + value]] if letter else []
        if name:
            ways.append([f"--{name}={value}" if value else f"--{name}"])
        return ways

    def test_every_option_works_or_does_nothing_or_is_refused(self):
        """Each with its reason, in a folder of its own, since -b makes files."""
        with tempfile.TemporaryDirectory() as folder:
            for letter, name, argument, treatment in self.table():
                if name == "example":
                    continue  # test_examples
                for words in self.words_of(letter, name, argument):
                    more = self.MORE.get(letter or name, [])
                    script = [] if (letter or name) in self.ALONE else ["-e", QUIT]
                    result = stap(*words, *more, *script, cwd=folder)
                    if treatment == "refused":
                        self.assertEqual((result.returncode, result.stdout), (1, ""), words)
                        self.assertRegex(result.stderr, r"is not supported: \w+ \w+", words)
                        continue
                    self.assertEqual(result.returncode, 0, (words, result.stderr))
                    says = re.findall(r"option '.*' does nothing: \w+ \w+", result.stderr)
                    self.assertEqual(len(says), int(treatment == "ignored"), words)

    def test_every_option_of_an_installed_systemtap_is_there(self):
        theirs = "/usr/bin/stap"
        if not os.access(theirs, os.X_OK):
            self.skipTest("SystemTap is not installed")
        text = subprocess.run([theirs, "--help"], capture_output=True, text=True, check=False).stdout
        letters = set(re.findall(r"^ +-([A-Za-z])\b", text, re.M))
        names = set(re.findall(r"^ +--([a-z-]+)", text, re.M))
        self.assertGreater(len(letters), 25)
        self.assertGreater(len(names), 20)
        ours = self.table()
        self.assertEqual(letters - {row[0] for row in ours}, set())
        self.assertEqual([name for name in names
                          if not any(row[1].startswith(name) for row in ours)], [])

    def test_examples(self):
        folder = Path("/usr/share/systemtap/examples")
        if not list(folder.glob("general/helloworld.stp")):
            self.skipTest("SystemTap's examples are not installed")
        self.assertEqual(stap("--example", "helloworld").stdout, "hello world\n")
        self.assertIn("no example 'nosuch'", stap("--example", "nosuch").stderr)

    def test_wrong_words(self):
        for words, text in ((["-Z"], "invalid option -- 'Z'"), (["--nonsense"], "--nonsense"),
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
