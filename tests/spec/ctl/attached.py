"""What tests of `stapctl attach` share: two processes that produce numbers, one on each of two CPUs, and
what somebody who attaches saw of them."""

import itertools
import os
import signal
import subprocess
import time

from instance import NUMBERS_SCRIPT, PATIENCE, InstanceTest, Producer, wait_for

MILLION = 1_000_000
first_numbers = itertools.count(MILLION, MILLION)  # no two producers make the same ones


class AttachTest(InstanceTest):
    profiles = {"numbers": (NUMBERS_SCRIPT, "[Memory]\nSize=4M"),
                "small": (NUMBERS_SCRIPT, "Start=manual\n[Memory]\nSize=64K")}

    def setUp(self):
        self.assertEqual(self.stapd.ctl("start", "numbers").returncode, 0)
        self.stapd.wait_until_records("numbers")
        cpus = sorted(os.sched_getaffinity(0))
        self.producers = [Producer(next(first_numbers), cpu) for cpu in (cpus[0], cpus[-1])]

    def tearDown(self):
        for producer in self.producers:
            if producer.process.poll() is None:
                producer.stop()

    def stop_producers(self):
        return {producer.first: producer.stop() for producer in self.producers}

    def attach(self, *options):
        """stapctl attach with its output in a file, so that nothing waits for us."""
        path = self.stapd.root / f"attached.{time.monotonic_ns()}"
        with open(path, "w", encoding="utf-8") as output:
            process = subprocess.Popen(self.stapd.command("attach", "numbers", *options),
                                       stdout=output, stderr=subprocess.PIPE, text=True)
        process.path = path
        return process

    @staticmethod
    def detach(process, by=signal.SIGINT):
        """What it said on stderr. Its exit status must be 0."""
        process.send_signal(by)
        _, aside = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, (process.returncode, aside)
        return aside

    def numbers(self, process):
        """By producer, in the order in which they were shown."""
        shown = {producer.first: [] for producer in self.producers}
        for line in process.path.read_text().splitlines():
            if line.isdigit() and (first := int(line) // MILLION * MILLION) in shown:
                shown[first].append(int(line))
        return shown

    def wait_for_numbers(self, process, count):
        wait_for(lambda: min(map(len, self.numbers(process).values())) >= count,
                 f"{count} numbers of each producer")

    def assert_no_seam(self, process):
        for shown in self.numbers(process).values():
            self.assertEqual(shown, list(range(shown[0], shown[0] + len(shown))))
