#!/usr/bin/env python3
"""Readers that stand still: the recording and every other reader go on as if they were not there,
and what they miss is counted."""

import os
import re
import signal
import subprocess
import sys

from instance import FIRST_NUMBER, NUMBERS_SCRIPT, PATIENCE, InstanceTest, main, produce, wait_for

MANY = 60_000  # numbers on each CPU: many times what the ring holds

HURRY = f"""
import os, sys
first, cpu = int(sys.argv[1]), int(sys.argv[2])
os.sched_setaffinity(0, {{cpu}})
for number in range({FIRST_NUMBER} + first, {FIRST_NUMBER} + first + {MANY}):
    try: os.getpgid(number)
    except ProcessLookupError: pass
"""


def hurry():
    """MANY numbers on two CPUs at once."""
    cpus = sorted(os.sched_getaffinity(0))
    for process in [subprocess.Popen([sys.executable, "-c", HURRY, str(first), str(cpu)])
                    for first, cpu in ((1_000_000, cpus[0]), (2_000_000, cpus[-1]))]:
        assert process.wait(PATIENCE) == 0


class SlowReaders(InstanceTest):
    profiles = {"numbers": (NUMBERS_SCRIPT, "Start=manual\n[Memory]\nSize=64K")}

    def setUp(self):
        self.assertEqual(self.stapd.ctl("start", "numbers").returncode, 0)
        produce([7])

    def attach(self, output):
        process = subprocess.Popen(self.stapd.command("attach", "numbers"), stdout=output,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        return process

    def attach_to_file(self, name):
        path = self.stapd.root / name
        with open(path, "w", encoding="utf-8") as output:
            process = self.attach(output)
        wait_for(lambda: path.read_text().startswith("7\n"), "the first number")
        return process, path

    def assert_exact(self, text, aside):
        """Every number was shown once and in order, or is counted as lost."""
        shown = [int(line) for line in text.split() if line.isdigit()]
        lost = sum(map(int, re.findall(r"overwritten before they were shown: (\d+)", aside)))
        self.assertEqual(len(shown) + lost, 1 + 2 * MANY, aside)
        for first in (1_000_000, 2_000_000):
            own = [n for n in shown if first <= n < first + MANY]
            self.assertEqual(own, sorted(set(own)))
        return lost

    def assert_recorded(self):
        """The ring has the newest numbers of both CPUs."""
        dump = self.stapd.ctl("dump", "numbers").stdout.split()
        for first in (1_000_000, 2_000_000):
            self.assertEqual(max(int(n) for n in dump if int(n) // first == 1), first + MANY - 1)

    def test_a_stopped_attach(self):
        stopped, path = self.attach_to_file("stopped")
        other, other_path = self.attach_to_file("other")
        stopped.send_signal(signal.SIGSTOP)
        hurry()
        self.assert_recorded()
        wait_for(lambda: f"{1_000_000 + MANY - 1}\n" in other_path.read_text(), "the other reader")
        self.assertNotIn("1000000\n", path.read_text())
        stopped.send_signal(signal.SIGCONT)
        self.assertEqual(self.stapd.ctl("stop", "numbers").returncode, 0)
        for process, shown in ((stopped, path), (other, other_path)):
            aside = process.communicate(timeout=PATIENCE)[1]
            self.assertEqual(process.returncode, 0, aside)
            lost = self.assert_exact(shown.read_text(), aside)
            if process is stopped:
                self.assertGreater(lost, MANY)

    def test_attach_into_a_pipe_that_nobody_reads(self):
        reader, writer = os.pipe()
        stuck = self.attach(writer)
        os.close(writer)
        other, other_path = self.attach_to_file("beside")
        hurry()
        self.assert_recorded()
        wait_for(lambda: f"{1_000_000 + MANY - 1}\n" in other_path.read_text(), "the other reader")
        self.assertEqual(self.stapd.ctl("stop", "numbers").returncode, 0)
        with open(reader, encoding="utf-8") as pipe:
            text = pipe.read()
        aside = stuck.communicate(timeout=PATIENCE)[1]
        self.assertEqual(stuck.returncode, 0, aside)
        self.assert_exact(text, aside)
        other.communicate(timeout=PATIENCE)

    def test_a_dump_into_a_pipe_that_nobody_reads(self):
        hurry()
        stuck = self.stapd.open_ctl("dump", "numbers")
        wait_for(lambda: stuck.poll() is not None or stuck.stdout.readable(), "the dump")
        hurry()
        self.assert_recorded()
        stopped = self.stapd.ctl("stop", "numbers")
        self.assertEqual(stopped.returncode, 0, stopped.stderr)
        text, aside = stuck.communicate(timeout=PATIENCE)
        self.assertEqual(stuck.returncode, 0, aside)
        self.assertIn(f" {len(text.split())} kept", aside)


if __name__ == "__main__":
    main()
