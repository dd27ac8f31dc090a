"""Who we are compared with, each doing the same work on the same hook.

A contender has a name, arm(hook), which gives an ArmedProcess whose finish(calls) says whether it saw
the calls, and zero(hook): the empty program that sits where it does.
"""

import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from armed import ArmedProcess
from method import BARE, Invalid, Skip
from producer import FUNCTION, Producer

SETTLE_SECONDS = 0.5  # for tools that do not say when they are armed; that they were is checked after


EMPTY = "empty"
# perf and bpftrace 0.17 see system calls by the plain tracepoint, which costs more than the raw one
# even when the program is empty; that difference is not held against them.
EMPTY_TRACEPOINT = "empty, plain tracepoint"


def zero_of_tracepoint_user(hook):
    return EMPTY_TRACEPOINT if hook == "syscall" else EMPTY


def require_program(name):
    if shutil.which(name) is None:
        raise Skip(f"{name} is not installed")


class HandWritten:
    """BPF C compiled by clang and loaded by libbpf: empty, clock, ringbuf, count, locked."""

    def __init__(self, kind, bin_folder, scratch, producer, name=None):
        self.name = name or kind
        self.loader = bin_folder / "bench_peer"
        self.object = bin_folder / f"bench_{kind}.bpf.o"
        self.scratch = scratch
        self.producer = producer

    def zero(self, _hook):
        return EMPTY

    def arm(self, hook):
        if not self.object.exists():
            raise Skip("not built: clang was not there")
        if self.name == EMPTY_TRACEPOINT:
            if hook != "syscall":
                raise Skip("for system calls only")
            hook = "tracepoint"
        where = [self.producer.path, FUNCTION] if hook == "call" else []
        armed = ArmedHandWritten([self.loader, self.object, hook, *where],
                                 self.scratch / f"{self.name}.out", stdin=subprocess.PIPE)
        armed.wait_until_output("armed", 20, Skip)
        return armed


class ArmedHandWritten(ArmedProcess):
    def finish(self, calls):
        self.stop()
        dropped = re.search(r"dropped (\d+)", self.output())
        if dropped and dropped.group(1) != "0":
            raise Invalid(f"the ring was full for {dropped.group(1)} of {calls} events")


class Bpftrace:
    """bpftrace with one probe; `body` is what it does."""

    def __init__(self, name, body, scratch, producer, only_producer=False):
        self.name = name
        self.body = body
        self.scratch = scratch
        self.producer = producer
        # A tool that makes system calls for each event must not trace its own.
        self.only_producer = only_producer

    def zero(self, hook):
        return zero_of_tracepoint_user(hook)

    def command(self, hook):
        probe = {"syscall": "tracepoint:raw_syscalls:sys_enter",
                 "call": f"uprobe:{self.producer.path}:{FUNCTION}"}[hook]
        condition = f"/pid == {self.producer.pid}/ " if self.only_producer else ""
        return ["bpftrace", "-q", "-e", f"{probe} {condition}{{ {self.body} }}"]

    def arm(self, hook):
        require_program("bpftrace")
        armed = ArmedBpftrace(self.command(hook), self.scratch / f"{self.name}.out")
        time.sleep(SETTLE_SECONDS)
        armed.check_running(Skip)
        return armed


class ArmedBpftrace(ArmedProcess):
    def finish(self, calls):
        self.stop()
        counts = re.findall(r"^@\[bench_producer.*\]: (\d+)$", self.output(), re.MULTILINE)
        if counts:
            if sum(map(int, counts)) < calls:
                raise Invalid(f"counted {sum(map(int, counts))} of {calls}: armed too late")
        elif "bench_producer" not in self.output():
            raise Invalid(f"saw nothing of the producer: {self.output().strip()[-200:]}")


class PerfOverwrite:
    """perf record into a ring that overwrites, as a flight recorder is set up with it."""

    def __init__(self, scratch):
        self.name = "perf record --overwrite"
        self.scratch = scratch

    def zero(self, hook):
        return zero_of_tracepoint_user(hook)

    def arm(self, hook):
        require_program("perf")
        if hook != "syscall":
            raise Skip("perf needs a probe event of its own for a function")
        data = self.scratch / "perf.data"
        data.unlink(missing_ok=True)
        armed = ArmedPerf(["perf", "record", "--event", "raw_syscalls:sys_enter", "--all-cpus",
                           "--overwrite", "--mmap-pages", "256", "--output", str(data)],
                          self.scratch / "perf.out")
        armed.data = data
        time.sleep(SETTLE_SECONDS)
        armed.check_running(Skip)
        return armed


class ArmedPerf(ArmedProcess):
    data = None

    def finish(self, calls):
        self.stop()
        if not self.data.exists() or self.data.stat().st_size < 100_000:
            raise Invalid(f"perf kept next to nothing: {self.output().strip()[-200:]}")


class PerfSwitchOutput:
    """perf record into files that are switched by size: what file mode is compared with."""

    def __init__(self, folder, producer, megabytes):
        self.folder = folder
        self.producer = producer
        self.megabytes = megabytes

    def arm(self):
        require_program("perf")
        self.folder.mkdir()
        armed = ArmedProcess(["perf", "record", "--event", "raw_syscalls:sys_enter", "--filter",
                              f"common_pid == {self.producer.pid}", "--all-cpus",
                              f"--switch-output={self.megabytes}M", "--output", str(self.folder / "perf.data")],
                             self.folder.with_suffix(".out"))
        time.sleep(2 * SETTLE_SECONDS)
        armed.check_running(Skip)
        return armed


class LttngSnapshot:
    """A program that was built to trace itself: nobody traps, so its whole cost is compared."""

    def __init__(self, bin_folder, scratch, producer):
        self.name = "LTTng-UST snapshot"
        self.program = bin_folder / "bench_lttng_producer"
        self.session = Path(__file__).with_name("peers") / "lttng/snapshot_session.sh"
        self.scratch = scratch
        self.producer = producer

    def zero(self, _hook):
        return BARE

    def arm(self, hook):
        if hook != "call":
            raise Skip("for programs only")
        require_program("lttng-sessiond")
        if not self.program.exists():
            raise Skip("not built: liblttng-ust-dev was not there")
        folder = Path(tempfile.mkdtemp(prefix="lttng-", dir=self.scratch))
        return ArmedLttng([self.session, folder, self.program, str(self.producer.cpu)], folder)


class ArmedLttng:
    """The traced program is the producer."""

    def __init__(self, command, folder):
        self.producer = Producer(command)
        self.snapshot = folder / "snapshot"  # when it has finished

    def run(self, milliseconds):
        self.producer.run("tracepoint", 50)  # the first events find cold buffers
        return self.producer.run("tracepoint", milliseconds)

    def finish(self, calls):
        if status := self.producer.close():
            raise Invalid(f"the snapshot after {calls} events failed: exit status {status}")

    def close(self):
        self.producer.kill()


def all_peers(bin_folder, scratch, producer):
    record = r'printf("%d %d %d %s\n", pid, tid, uid, comm);'
    return [
        *(HandWritten(kind, bin_folder, scratch, producer) for kind in ("empty", "clock", "ringbuf", "count", "locked")),
        HandWritten("empty", bin_folder, scratch, producer, EMPTY_TRACEPOINT),
        Bpftrace("bpftrace printf", record, scratch, producer, only_producer=True),
        Bpftrace("bpftrace count by comm", "@[comm] = count();", scratch, producer),
        Bpftrace("bpftrace count by comm, pid", "@[comm, pid] = count();", scratch, producer),
        PerfOverwrite(scratch),
        LttngSnapshot(bin_folder, scratch, producer),
    ]
