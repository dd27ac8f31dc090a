"""What it costs to write a recording into files, and how large it gets."""

import time
from pathlib import Path

from method import Invalid, Skip
from ours import make_root, require_built, start_stapd
from peers import PerfSwitchOutput

RATE = 100_000  # events a second
LIMIT_CPU_PERCENT = 3
LIMIT_BYTES = 8
MEGABYTES = 16  # of a file
SETTLE_SECONDS = 2
# getppid() of the producer, whose argument nobody looks at.
STATEMENT = 'if (execname() == "bench_producer") printf("%d %d\\n", pid(), $regs->di)'


def cpu_seconds(pid):
    """Of all threads of the process; what a record costs in the kernel is not in it."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def measure_perf(scratch, producer, milliseconds):
    """The same of perf record, whose files are switched at the same size."""
    peer = PerfSwitchOutput(scratch / "switch_output", producer, MEGABYTES)
    armed = peer.arm()
    try:
        start, cpu = time.monotonic(), cpu_seconds(armed.process.pid)
        calls = producer.run_paced(milliseconds, RATE)
        percent = 100 * (cpu_seconds(armed.process.pid) - cpu) / (time.monotonic() - start)
        try:
            armed.stop()
        except Invalid as reason:
            raise Skip(str(reason)) from reason
    finally:
        armed.close()
    size = sum(file.stat().st_size for file in peer.folder.iterdir()) / calls
    if size < 8:  # less than the time alone
        raise Skip(f"perf kept {size:.1f} bytes a call: {armed.output().strip()[-200:]}")
    return percent, size


def measure(bin_folder, scratch, producer, milliseconds):
    """Per cent of a CPU that stapd takes, and bytes of the files for each event."""
    require_built(bin_folder, "stapd", "stapctl")
    files = scratch / "file_mode"
    root = make_root(scratch, {"files": f'probe kernel.trace("sys_enter") {{ {STATEMENT} }}\n'},
                     f"[Memory]\nSize=1M\n[File]\nPath={files}/recording\nSize={MEGABYTES}M\n")
    stapd = start_stapd(bin_folder, root, scratch / "file_mode.out")
    try:
        stapd.wait_until_listed("files", 20)
        time.sleep(SETTLE_SECONDS)
        stapd.check_running(Skip)
        start, cpu = time.monotonic(), cpu_seconds(stapd.process.pid)
        calls = producer.run_paced(milliseconds, RATE)
        seconds = time.monotonic() - start
        percent = 100 * (cpu_seconds(stapd.process.pid) - cpu) / seconds
        if calls < 0.9 * RATE * seconds:
            raise Skip(f"the producer made only {calls} calls in {seconds:.1f} s")
        stopped = stapd.control("stop", "files")
        if stopped.returncode != 0:
            raise Skip(stopped.stderr.strip())
        return percent, sum(file.stat().st_size for file in files.iterdir()) / calls
    finally:
        stapd.control("stop", "--all")
        stapd.close()
