#!/usr/bin/env python3
"""staprun: compiled scripts that stap -p4 -m leaves, and its command line: every option of
SystemTap's works, says that it does nothing, or is refused with the reason."""

import os
import re
import shutil
import subprocess
import time
import unittest
from pathlib import Path

from instance import PATIENCE, main, run_as_nobody, wait_for
from recorder_commands import END, NUMBERS, RecorderTest, is_gone, produce

SCRIPT = ('global count = 3, word = "abc" '
          'probe begin { for (i = 0; i < count; i++) println(word) exit() }')


class Modules(RecorderTest):
    def compile(self, name, script, *words):
        result = self.stap("-p4", "-m", name, *words, "-e", script)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, f"{name}.stpd\n", ""))
        return f"{self.folder}/{name}.stpd"

    def test_compiled_once_run_often(self):
        module = self.compile("m", SCRIPT)
        self.assertEqual(self.files(), ["m.stpd"])
        for _ in range(2):
            result = self.staprun(module)
            self.assertEqual((result.returncode, result.stdout, result.stderr),
                             (0, "abc\n" * 3, ""))
        self.assertEqual(self.staprun("m.stpd").stdout, "abc\n" * 3)

    def test_globals(self):
        module = self.compile("m", SCRIPT)
        self.assertEqual(self.staprun(module, "count=2", "word=x y").stdout, "x y\n" * 2)
        self.assertEqual(self.staprun(module, "count=0x2").stdout, "abc\n" * 2)
        self.assertEqual(self.staprun(module, "count=-1").stdout, "")
        for assignment, text in (("nosuch=1", "no global 'nosuch'"), ("count=x", "'x' is not a number"),
                                 ("count", "not GLOBAL=VALUE"), ("=1", "not GLOBAL=VALUE"),
                                 ("word=" + "x" * 600, "room for")):
            result = self.staprun(module, assignment)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertIn(text, result.stderr)
        module = self.compile("a", "global array, s probe begin { array[1] = 2 s <<< 1 "
                              "println(array[1], @count(s)) exit() }")
        for assignment in ("array=1", "s=1"):
            self.assertIn("only numbers and strings", self.staprun(module, assignment).stderr)

    def test_left_recording(self):
        module = self.compile("m", NUMBERS + END)
        result = self.staprun("-L", module)
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (0, "", self.farewell("m")))
        produce(range(10))
        self.assertEqual(self.attach("m", until=10), (0, [*map(str, range(10)), "the end"], ""))

    def test_a_name_for_each(self):
        module = self.compile("m", NUMBERS)
        for _ in range(2):
            self.assertEqual(self.staprun("-R", "-L", module).returncode, 0)
        names = self.sessions()
        self.assertEqual(len(names), 2)
        for name in names:
            self.assertRegex(name, r"^m_\d+$")

    def test_as_a_daemon(self):
        module = self.compile("m", NUMBERS + END)
        result = self.staprun("-D", "-o", "out", "-S", "1,2", module)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        produce(range(10))
        self.terminate(int(result.stdout))
        self.assertEqual(self.text("out.0").splitlines(), [*map(str, range(10)), "the end"])

    def test_made_for_files_of_each_cpu(self):
        module = self.compile("m", NUMBERS, "-b")
        cpu = min(os.sched_getaffinity(0))
        result = self.staprun("-D", "-o", "out", module)
        produce(range(10), cpu)
        self.terminate(int(result.stdout))
        self.assertEqual(self.numbers_of(f"out_{cpu}"), list(range(10)))

    def test_a_command_and_a_process(self):
        module = self.compile("m", "probe begin { printf(\"%d\\n\", target()) } "
                              "probe timer.ms(200) { exit() }")
        self.assertEqual(self.staprun("-x", os.getpid(), module).stdout, f"{os.getpid()}\n")
        start = time.monotonic()
        module = self.compile("n", "probe begin { printf(\"%d\\n\", target() > 1) }")
        result = self.staprun("-c", "sh -c 'exit 3'", module)
        self.assertEqual((result.returncode, result.stdout), (0, "1\n"))
        self.assertIn("WARNING: child process exited with status 3", result.stderr)
        self.assertLess(time.monotonic() - start, PATIENCE)

    def test_a_module_by_its_name(self):
        folder = Path(f"/lib/modules/{os.uname().release}/systemtap")
        name = f"stapd_test_{os.getpid()}"
        module = self.compile("m", SCRIPT)
        made = [path for path in (folder, folder.parent) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy(module, folder / f"{name}.stpd")
            self.assertEqual(self.staprun(name).stdout, "abc\n" * 3)
        finally:
            (folder / f"{name}.stpd").unlink(missing_ok=True)
            for path in made:
                path.rmdir()

    def test_what_is_no_module(self):
        module = self.compile("m", SCRIPT)
        whole = Path(module).read_bytes()
        for name, damaged, text in (
                ("text", b"probe begin {}", "no compiled script"),
                ("short", whole[:len(whole) // 2], "cut short or damaged"),
                ("long", whole + b"x", "cut short or damaged"),
                ("flipped", whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:], "checksum"),
                ("future", whole[:8] + b"\xff" + whole[9:], "version"),
                ("elsewhere", whole.replace(os.uname().release.encode(),
                                            b"9" * len(os.uname().release), 1), "this is")):
            Path(self.folder, name).write_bytes(damaged)
            result = self.staprun(f"./{name}")
            self.assertEqual((result.returncode, result.stdout), (1, ""), name)
            self.assertIn(f"./{name}: ", result.stderr)
            self.assertIn(text, result.stderr)
        self.assertIn("neither a file 'nosuch' nor /lib/modules/", self.staprun("nosuch").stderr)

    def test_a_program_that_has_changed_since(self):
        program = f"{self.folder}/program"
        shutil.copy("/bin/true", program)
        module = self.compile("m", f'probe process("{program}").begin {{ println("begun") exit() }} '
                              "probe timer.s(30) { exit() }")
        process = self.open("staprun", module)
        wait_for(lambda: subprocess.run([program], check=True) and process.poll() is not None,
                 "the program to be seen")
        self.assertEqual(process.stdout.readline(), "begun\n")
        with open(program, "ab") as file:
            file.write(b"x")
        result = self.staprun(module)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn(f"{program} has changed since", result.stderr)

    def test_without_a_name_it_is_text(self):
        self.assertIn("program heartbeat", self.stap("-p4", "-e", SCRIPT).stdout)
        self.assertEqual(self.files(), [])


class Options(RecorderTest):
    def test_help_and_version(self):
        self.assertIn("Usage: staprun", self.staprun("-h").stdout)
        self.assertRegex(self.staprun("-V").stdout, r"^staprun \(stapd\) \d")

    def test_conflicts(self):
        for words, text in ((["-A", "-L"], "-A and -L"), (["-A", "-b", "1"], "-A and -b"),
                            (["-A", "-c", "true"], "-A and -c"), (["-A", "-x", "1"], "-A and -x"),
                            (["-c", "true", "-x", "1"], "-c and -x"),
                            (["-D", "-o", "x", "-L"], "-D and -L"),
                            (["-D", "-o", "x", "-d"], "-D and -d"),
                            (["-D", "-o", "x", "-c", "true"], "-D and -c"),
                            (["-D"], "-o FILE"), (["-S", "1"], "-o FILE")):
            result = self.staprun(*words, "m")
            self.assertEqual((result.returncode, result.stdout), (1, ""), words)
            self.assertIn(f"ERROR: {text}" if text.startswith("-A") else text, result.stderr)
            self.assertIn("Usage: staprun", result.stderr)

    def test_wrong_words(self):
        for words, text in ((["-q", "m"], "invalid option -- 'q'"), ([], "name of a module"),
                            (["-b0", "m"], "'0'"), (["-b4096", "m"], "'4096'"), (["-T0", "m"], "'0'"),
                            (["-xme", "m"], "'me'"), (["-A", "m", "g=1"], "'g=1'"),
                            (["-S1,x", "-ox", "m"], "Invalid file size option"),
                            (["-o"], "requires an argument")):
            result = self.staprun(*words)
            self.assertEqual((result.returncode, result.stdout), (1, ""), words)
            self.assertIn(text, result.stderr)

    def test_every_option_of_systemtap(self):
        """Works, does nothing and says so, or is refused with the reason."""
        values = {"c": "true", "x": str(os.getpid()), "N": "1", "b": "1", "o": "/dev/null", "S": "1",
                  "r": "0:x", "C": "never", "M": "1", "T": "50", "F": "3"}
        module = f"{self.folder}/m.stpd"
        self.stap("-p4", "-m", "m", "-e", 'probe begin { println("ran") } probe timer.ms(10) { exit() }')
        for letter in "vVhwucxNLADdbo SRrCMTF".replace(" ", ""):
            words = ["-" + letter + values.get(letter, "")]
            words += {"D": ["-o", "/dev/null"], "S": ["-o", "/dev/null"]}.get(letter, [])
            operand = "nosuch" if letter in "Ad" else module
            result = self.staprun(*words, operand)
            self.assertNotIn("invalid option", result.stderr, letter)
            if letter in "NrM":
                self.assertEqual(result.returncode, 1)
                self.assertRegex(result.stderr, rf"option '-{letter}' is not supported: \w+")
            elif letter in "uCF":
                self.assertEqual((result.returncode, result.stdout), (0, "ran\n"), letter)
                self.assertRegex(result.stderr, rf"option '-{letter}' does nothing: \w+")
            elif letter in "Ad":
                self.assertIn("there is no session 'nosuch'", result.stderr)
            else:
                self.assertEqual(result.returncode, 0, (letter, result.stderr))
            self.staprun("-d", "*")

    def test_it_is_roots(self):
        result = run_as_nobody("staprun", "-A", "x")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("root is needed", result.stderr)


if __name__ == "__main__":
    main()
