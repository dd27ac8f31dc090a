"""The process whose events are measured: bench_producer, on a CPU of its own."""

import collections
import os
import signal
import subprocess

Cost = collections.namedtuple("Cost", "median minimum mean calls")
FUNCTION = "bench_hook"


class Producer:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, start_new_session=True)

    def send(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def receive(self):
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"bench_producer is gone, exit status {self.process.wait()}")
        return answer.strip()

    def run(self, hook, milliseconds):
        """Produces events of `hook` ("syscall" or "call") and says what one cost, in ns."""
        self.send(f"{hook} {milliseconds}")
        median, minimum, mean, calls = self.receive().split()
        return Cost(float(median), float(minimum), float(mean), int(calls))

    def run_paced(self, milliseconds, rate):
        """Makes so many system calls a second; how many in all."""
        self.send(f"paced {milliseconds} {rate}")
        return int(self.receive())

    def start_watch(self, milliseconds, threshold_ns):
        """Calls FUNCTION until a call costs more than the threshold: see watched()."""
        self.send(f"watch {milliseconds} {threshold_ns}")

    def watched(self):
        """When that was, in ns of CLOCK_MONOTONIC; None when it never was."""
        answer = self.receive()
        return None if answer == "never" else int(answer)

    @property
    def pid(self):
        return self.process.pid

    def close(self):
        """Lets it end; its exit status."""
        self.process.stdin.close()
        return self.process.wait()

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class MainProducer(Producer):
    """The one that everybody but LTTng traces."""

    def __init__(self, bin_folder):
        self.path = str(bin_folder / "bench_producer")
        # The last CPU, since the first takes most of the interrupts.
        self.cpu = max(os.sched_getaffinity(0))
        super().__init__([self.path, str(self.cpu)])
