"""From command to first event armed, and the memory that took.

Seen from outside: the producer calls its function over and over; the moment at which calls get dear
is the moment at which a probe sits on it. No tool has to say that it is ready.
"""

import statistics
import time

from armed import ArmedProcess
from method import Skip
from ours import COUNT_BY_NAME, require_built, script
from peers import Bpftrace, require_program

ARMED_NS = 100  # a bare call costs less than 2 ns, a probed one more than 200
LIMIT_MILLISECONDS = 15000


class Startup:
    def __init__(self, producer, scratch):
        self.producer = producer
        self.scratch = scratch

    def wait_until_bare(self):
        deadline = time.monotonic() + 20
        while self.producer.run("call", 20).median > ARMED_NS:
            if time.monotonic() > deadline:
                raise RuntimeError("a probe is still on the producer's function")
            time.sleep(0.1)

    def once(self, command):
        """Milliseconds until armed, and MiB of memory at most."""
        self.wait_until_bare()
        self.producer.start_watch(LIMIT_MILLISECONDS, ARMED_NS)
        start = time.monotonic_ns()
        tool = ArmedProcess(command, self.scratch / "startup.out")
        try:
            armed_at = self.producer.watched()
            if armed_at is None:
                tool.check_running(Skip)
                raise Skip(f"not armed after {LIMIT_MILLISECONDS} ms: {tool.output().strip()[-300:]}")
            memory = tool.memory_peak_mib()
            tool.stop()
        finally:
            tool.close()
        return (armed_at - start) / 1e6, memory

    def measure(self, commands, rounds):
        """name -> (median ms, most MiB) or the reason why not; in turns, as everything."""
        found, skipped = {name: [] for name in commands}, {}
        for _ in range(rounds):
            for name, make_command in commands.items():
                if name in skipped:
                    continue
                try:
                    found[name].append(self.once(make_command()))
                except Skip as reason:
                    skipped[name] = str(reason)
        medians = {name: (statistics.median(time for time, _ in values),
                          max(memory for _, memory in values))
                   for name, values in found.items() if values and name not in skipped}
        return medians, skipped


def startup_commands(bin_folder, scratch, producer):
    """The same work: count the calls of a function by the name of the process."""

    def ours():
        require_built(bin_folder, "stap")
        return [bin_folder / "stap", "-e", script("call", producer, COUNT_BY_NAME)]

    def bpftrace():
        require_program("bpftrace")
        return Bpftrace("", "@[comm] = count();", scratch, producer).command("call")

    return {"ours": ours, "bpftrace": bpftrace}
