#!/usr/bin/env python3
"""stap's pass 5: what a run prints, how it ends, and with which exit status."""

import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from instance import BIN, PATIENCE, main, wait_for
from stap_options_test import stap


def run(script, *words, **options):
    return stap(*words, "-e", script, **options)


class Runs(unittest.TestCase):
    def test_hello(self):
        result = run('probe begin { printf("hello %s\\n", "world") exit() }')
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "hello world\n", ""))

    def test_the_busiest_five(self):
        result = run('global n probe kernel.trace("sched_switch") { n[execname()] <<< 1 } '
                     "probe timer.s(1) { foreach (e in n- limit 5) "
                     'printf("%s %d\\n", e, @count(n[e])) exit() }')
        self.assertEqual(result.returncode, 0, result.stderr)
        counts = [int(line.rsplit(" ", 1)[1]) for line in result.stdout.splitlines()]
        self.assertTrue(1 <= len(counts) <= 5)
        self.assertEqual(counts, sorted(counts, reverse=True))

    def test_status_after_errors(self):
        result = run('probe begin { error("oh") } probe end { println("end") } '
                     'probe error { println("error") }')
        self.assertEqual((result.returncode, result.stdout), (1, "error\n"))
        self.assertRegex(result.stderr, "^ERROR: oh near ")
        result = run('probe begin { error("oh") } probe timer.ms(100) { println("on") exit() }',
                     "--suppress-handler-errors")
        counted = "WARNING: Number of errors: 1, skipped probes: 0\n"
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "on\n", counted))

    def test_time_limit(self):
        start = time.monotonic()
        result = run('probe begin { println("a") } probe end { println("b") }', "-T", "1")
        self.assertEqual((result.returncode, result.stdout), (0, "a\nb\n"))
        self.assertGreaterEqual(time.monotonic() - start, 1)

    def test_signals_end_it_well(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = subprocess.Popen(
                [BIN / "stap", "-e", 'probe begin { println("a") } probe end { println("b") }'],
                stdout=subprocess.PIPE, text=True)
            self.assertEqual(process.stdout.readline(), "a\n")
            process.send_signal(number)
            self.assertEqual(process.communicate(timeout=PATIENCE)[0], "b\n")
            self.assertEqual(process.returncode, 0)

    def test_command(self):
        script = "probe syscall.getpgid { if (pid() == target()) println(pid) }"
        result = run(script, "-c", "/usr/bin/python3 -Sc 'import os; os.getpgid(0); os.getpgid(1)'")
        self.assertEqual((result.returncode, result.stdout), (0, "0\n1\n"))

    def test_a_command_that_fails(self):
        for command, text in (("false", "status 1"), ("/nonexistent", "status 127"),
                              ("kill -9 $$", "signal 9")):
            result = run("probe begin { println(1) }", "-c", command)
            self.assertEqual((result.returncode, result.stdout), (0, "1\n"))
            self.assertIn(f"WARNING: child process exited with {text}\n", result.stderr)

    def test_process(self):
        sleeper = subprocess.Popen(["sleep", "100"])
        result = run("probe begin { println(target()) exit() }", "-x", str(sleeper.pid))
        sleeper.kill()
        sleeper.wait()
        self.assertEqual(result.stdout, f"{sleeper.pid}\n")
        gone = run("probe begin { println(target()) exit() }", "-x", str(sleeper.pid))
        self.assertEqual((gone.returncode, gone.stdout), (1, ""))
        self.assertIn(f"there is no process {sleeper.pid}", gone.stderr)

    def test_output_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "out")
            path.write_text("what was there before\n")
            result = run('probe begin { println("in it") warn("beside it") exit() }', "-o", path)
            self.assertEqual((result.returncode, result.stdout), (0, ""))
            self.assertEqual(path.read_text(), "in it\n")
            self.assertEqual(result.stderr, "WARNING: beside it\n")

    def test_files_of_a_size(self):
        """132 lines of 8001 bytes are the first to be more than 1 MiB."""
        script = 'probe begin { for (i = 0; i < 500; i++) printf("%8000d\\n", i) exit() }'
        with tempfile.TemporaryDirectory() as folder:
            result = run(script, "-s8", "-o", "out", "-S", "1,2", cwd=folder)
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
            self.assertEqual(sorted(os.listdir(folder)), ["out.2", "out.3"])
            lines = Path(folder, "out.2").read_text().split()
            self.assertEqual(lines, [str(i) for i in range(264, 396)])
            lines = Path(folder, "out.3").read_text().split()
            self.assertEqual(lines, [str(i) for i in range(396, 500)])

    def test_files_of_each_cpu(self):
        cpus = sorted(os.sched_getaffinity(0))
        code = "".join(f"os.sched_setaffinity(0, [{cpu}]); os.getpgid({cpu + 7}); " for cpu in cpus)
        with tempfile.TemporaryDirectory() as folder:
            result = run("probe syscall.getpgid { if (pid() == target()) println(pid) }", "-b",
                         "-o", "out", "-c", f"/usr/bin/python3 -Sc 'import os; {code}'", cwd=folder)
            self.assertEqual((result.returncode, result.stdout), (0, ""))
            for cpu in cpus:
                self.assertEqual(Path(folder, f"out_{cpu}").read_text(), f"{cpu + 7}\n")

    def test_names_of_files(self):
        with tempfile.TemporaryDirectory() as folder:
            run("probe begin { println(1) exit() }", "-o", "out.%%.%Y", cwd=folder)
            self.assertEqual(os.listdir(folder), [time.strftime("out.%%.%Y")])
        result = run("probe begin { exit() }", "-S", "1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("-o FILE", result.stderr)
        self.assertEqual(run("probe begin { exit() }", "-S", "x", "-o", "/dev/null").returncode, 1)

    def test_a_signal_switches_files(self):
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen([BIN / "stap", "-o", f"{folder}/out", "-e",
                                        "probe timer.ms(10) { println(++n) } global n"])
            wait_for(lambda: Path(folder, "out").exists() and Path(folder, "out").read_text(),
                     "output")
            process.send_signal(signal.SIGUSR2)
            wait_for(Path(folder, "out.1").exists, "the next file")
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 0)
            numbers = (Path(folder, "out").read_text() + Path(folder, "out.1").read_text()).split()
            self.assertEqual(numbers, [str(i + 1) for i in range(len(numbers))])

    def test_what_probes_cost(self):
        result = run("probe syscall.getpgid { if (pid == 7) printf(\"\") } probe end { print(1) }",
                     "-t", "-c", "/usr/bin/python3 -Sc 'import os\nfor i in range(40): os.getpgid(0)'")
        self.assertEqual((result.returncode, result.stdout), (0, "1"))
        hits, cost = re.search(r"getpgid.*\(<input>:1:1\), hits: (\d+), time: (\d+)ns avg, "
                               r"from: syscall.getpgid, index: 0\n", result.stderr).groups()
        self.assertGreaterEqual(int(hits), 40)
        self.assertGreater(int(cost), 0)
        self.assertRegex(result.stderr, r"\nend, \(<input>:1:\d+\), runs in stap, ")

    def test_a_full_disk_is_said_once_and_the_session_goes_on(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], check=True)
            try:
                result = run('probe begin { for (i = 0; i < 50; i++) printf("%8000d\\n", i) } '
                             f'probe end {{ system("touch {folder}.end") exit() }} '
                             "probe timer.ms(100) { exit() }", "-o", f"{folder}/out")
            finally:
                subprocess.run(["umount", folder], check=True)
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stderr.count("No space left on device"), 1, result.stderr)
            wait_for(Path(f"{folder}.end").exists, "the end handler")
            os.unlink(f"{folder}.end")

    def test_system(self):
        with tempfile.TemporaryDirectory() as folder:
            run(f'probe begin {{ system("touch {folder}/done") exit() }}')
            wait_for(lambda: Path(folder, "done").exists(), "the command of system()")

    def test_a_reader_that_goes_away_ends_it(self):
        process = subprocess.Popen(
            [BIN / "stap", "-e", 'probe timer.ms(10) { println("x") }'],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.stdout.readline()
        process.stdout.close()
        process.wait(PATIENCE)
        self.assertEqual(process.returncode, 1)
        process.stderr.close()

    def test_a_reader_that_takes_nothing_holds_up_nobody(self):
        """Timers run, and the time limit holds, while a pipe is full; then three signals end it."""
        with tempfile.TemporaryDirectory() as folder:
            reader, writer = os.pipe()
            process = subprocess.Popen(
                [BIN / "stap", "-e", "probe timer.ms(1) { for (i = 0; i < 100; i++) "
                 'println("abcdefghijklmnopqrstuvwxyz") } '
                 f'probe timer.s(2) {{ system("touch {folder}/timer") }} '
                 f'probe end {{ system("touch {folder}/end") }}'], stdout=writer)
            os.close(writer)
            wait_for(Path(folder, "timer").exists, "a timer")
            process.terminate()
            wait_for(Path(folder, "end").exists, "the end handler")
            for _ in range(2):
                self.assertIsNone(process.poll())
                process.terminate()
                time.sleep(0.1)
            process.wait(PATIENCE)
            os.close(reader)


if __name__ == "__main__":
    main()
