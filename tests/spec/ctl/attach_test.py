#!/usr/bin/env python3
"""stapctl attach: history runs into live without a seam, for any number at once; detaching leaves
the recording as it is; a daemon that dies or comes back does not matter."""

import os
import re
import signal
import subprocess
import sys
import time

from attached import MILLION, AttachTest, first_numbers
from instance import BIN, FIRST_NUMBER, PATIENCE, main, produce, wait_for

HURRIED = 100_000
HURRY = f"""
import os, sys
first, cpu = int(sys.argv[1]), int(sys.argv[2])
os.sched_setaffinity(0, {{cpu}})
for number in range({FIRST_NUMBER} + first, {FIRST_NUMBER} + first + {HURRIED}):
    try: os.getpgid(number)
    except ProcessLookupError: pass
"""


class Attach(AttachTest):
    def test_history_runs_into_live(self):
        time.sleep(1)
        process = self.attach()
        self.wait_for_numbers(process, 100)
        seen = {first: shown[-1] for first, shown in self.numbers(process).items()}
        wait_for(lambda: all(shown[-1] > seen[first] + 500
                             for first, shown in self.numbers(process).items()), "live records")
        aside = self.detach(process)
        self.assert_no_seam(process)
        for first, shown in self.numbers(process).items():
            self.assertEqual(shown[0], first)
        self.assertTrue(aside.endswith("stapctl: detached; numbers goes on recording\n"), aside)

    def test_some_seconds_of_history(self):
        time.sleep(3)
        process = self.attach("-n", "1s")
        self.wait_for_numbers(process, 1000)
        self.detach(process)
        self.assert_no_seam(process)
        for first, shown in self.numbers(process).items():
            self.assertGreater(shown[0], first + 100)

    def test_no_history(self):
        produce([55])
        process = self.attach("-n", "0")
        self.wait_for_numbers(process, 200)
        produce([66])
        wait_for(lambda: "\n66\n" in process.path.read_text(), "a new record")
        self.detach(process)
        self.assertNotIn("\n55\n", "\n" + process.path.read_text())
        self.assert_no_seam(process)

    def test_where_and_until(self):
        first = self.producers[0].first
        start = time.monotonic()
        process = self.attach("--until=+2s", "--where", f'text =~ "^{first // 100}[0-4].$"')
        aside = process.communicate(timeout=PATIENCE)[1]
        self.assertEqual(process.returncode, 0)
        self.assertGreater(time.monotonic() - start, 1.5)
        self.assertEqual(self.numbers(process)[first], list(range(first, first + 50)))
        self.assertEqual(self.numbers(process)[self.producers[1].first], [])
        self.assertIn("goes on recording", aside)

    def test_two_sessions_in_one_order(self):
        self.assertEqual(self.stapd.ctl("start", "small").returncode, 0)
        self.stapd.wait_until_records("small")
        path = self.stapd.root / "two"
        with open(path, "w", encoding="utf-8") as output:
            process = subprocess.Popen(self.stapd.command("attach", "numbers", "small", "-n", "0"),
                                       stdout=output, stderr=subprocess.PIPE, text=True)
        first = self.producers[0].first

        def shown(name):
            words = [line.split() for line in path.read_text().splitlines()]
            return [int(line[1]) for line in words if line[0] == name + ":" and line[1].isdigit()
                    and int(line[1]) // MILLION * MILLION == first]

        wait_for(lambda: min(len(shown("numbers")), len(shown("small"))) > 300, "both sessions")
        self.stapd.ctl("stop", "small")
        seen = len(shown("numbers"))
        wait_for(lambda: len(shown("numbers")) > seen + 300, "the one that goes on")
        aside = self.detach(process)
        for name in ("numbers", "small"):
            numbers = shown(name)
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        self.assertIn("stapctl: session small has ended\n", aside)
        self.assertTrue(aside.endswith("stapctl: detached; numbers goes on recording\n"), aside)

    def test_a_recording_of_what_comes(self):
        path = self.stapd.root / "attached.rec"
        process = self.attach("-f", "recording", "-o", path, "-n", "0")
        reader = [BIN / "stapctl", "read", path]

        def read(status):
            result = subprocess.run(reader, capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, status, result.stderr)
            return [int(line) for line in result.stdout.splitlines() if line.isdigit()]

        wait_for(lambda: path.exists() and path.stat().st_size > 0, "the first block")
        wait_for(lambda: len(read(1)) > 1000, "records in the file")
        self.detach(process)
        first = self.producers[0].first
        numbers = [n for n in read(0) if n // MILLION * MILLION == first]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))

    def test_detaching_leaves_it_recording(self):
        for by in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
            process = self.attach()
            self.wait_for_numbers(process, 1)
            self.detach(process, by)
            self.assertEqual(self.stapd.state("numbers"), "recording")
        produce([77])
        self.assertIn("\n77\n", self.stapd.ctl("dump", "numbers").stdout)

    def test_several_at_once(self):
        attached = [self.attach(), self.attach("-t"), self.attach()]
        for process in attached[::2]:
            self.wait_for_numbers(process, 500)
        counted = self.stop_producers()
        for process in attached[::2]:
            wait_for(lambda process=process: {first: len(shown) for first, shown
                                              in self.numbers(process).items()} == counted,
                     "every number to be shown to each")
            self.assert_no_seam(process)
        for process in attached:
            self.detach(process)
        self.assertIn(f"] {self.producers[0].first}\n", attached[1].path.read_text())

    def test_the_end_of_the_session(self):
        process = self.attach()
        self.wait_for_numbers(process, 10)
        counted = self.stop_producers()
        self.stapd.ctl("stop", "numbers")
        _, aside = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0)
        self.assertTrue(aside.endswith("stapctl: session numbers has ended\n"), aside)
        self.assertTrue(process.path.read_text().endswith("the end\n"))
        self.assertEqual({first: len(shown) for first, shown in self.numbers(process).items()},
                         counted)

    def test_the_daemon_dies_and_comes_back(self):
        process = self.attach()
        self.wait_for_numbers(process, 10)
        self.stapd.kill()
        time.sleep(1)
        self.stapd.start()
        self.stapd.wait_until_records("numbers")
        time.sleep(1)
        counted = self.stop_producers()
        wait_for(lambda: {first: len(shown) for first, shown in self.numbers(process).items()}
                 == counted, "every number to be shown")
        aside = self.detach(process)
        self.assert_no_seam(process)
        self.assertIn("stapd is gone; numbers goes on recording\n", aside)
        self.assertIn("stapd is back\n", aside)

    def test_losses_are_counted_exactly(self):
        """A ring that is too small for what comes between two looks."""
        self.stop_producers()
        self.stapd.ctl("start", "small")
        path = self.stapd.root / "small.out"
        with open(path, "w", encoding="utf-8") as output:
            process = subprocess.Popen(self.stapd.command("attach", "small"), stdout=output,
                                       stderr=subprocess.PIPE, text=True)
        produce([1])
        wait_for(lambda: path.read_text() == "1\n", "the first number")
        cpus = sorted(os.sched_getaffinity(0))
        firsts = [next(first_numbers) for _ in range(2)]
        hurried = [subprocess.Popen([sys.executable, "-c", HURRY, str(first), str(cpu)])
                   for first, cpu in zip(firsts, (cpus[0], cpus[-1]))]
        for producer in hurried:
            producer.wait(PATIENCE)
        self.stapd.ctl("stop", "small")
        aside = process.communicate(timeout=PATIENCE)[1]
        lost = sum(map(int, re.findall(r"overwritten before they were shown: (\d+)", aside)))
        shown = [int(line) for line in path.read_text().splitlines() if line.isdigit()]
        hurried_numbers = [n for n in shown if n >= firsts[0]]
        self.assertGreater(lost, 0)
        self.assertEqual(len(hurried_numbers) + lost, 2 * HURRIED)
        for first in firsts:
            own = [n for n in hurried_numbers if first <= n < first + MILLION]
            self.assertEqual(own, sorted(set(own)))

    def test_a_reader_that_takes_nothing(self):
        reader, writer = os.pipe()
        process = subprocess.Popen(self.stapd.command("attach", "numbers"), stdout=writer,
                                   stderr=subprocess.PIPE, text=True)
        os.close(writer)
        produce(range(300, 30_000))  # more than a pipe holds
        time.sleep(1)
        self.assertIn("detached", self.detach(process))
        os.close(reader)

    def test_a_reader_that_goes_away(self):
        reader, writer = os.pipe()
        process = subprocess.Popen(self.stapd.command("attach", "numbers"), stdout=writer,
                                   stderr=subprocess.PIPE, text=True)
        os.close(writer)
        os.read(reader, 1)
        os.close(reader)
        process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, -signal.SIGPIPE)


if __name__ == "__main__":
    main()
