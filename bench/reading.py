"""What reading costs: dumps of rings that are full, and how many records a megabyte of them holds."""

import json
import os
import statistics
import subprocess
import time
from pathlib import Path

import results
from method import Invalid, Skip
from ours import RECORD, make_root, require_built, script, start_stapd
from peers import LttngSnapshot, PerfOverwrite, require_program

TEXT_MB_A_SECOND = 200
FIRST_BYTE_MS = 50
SNAPSHOT_MS = 2
MEBIBYTE = 1 << 20
PAGE = 4096


class Reading:
    """Two sessions on the producer's system calls: one with a large ring, one with 1 MiB a CPU."""

    def __init__(self, bin_folder, scratch, producer, rounds):
        require_built(bin_folder, "stapd", "stapctl")
        self.bin_folder, self.scratch = bin_folder, scratch
        self.producer, self.rounds = producer, rounds
        text = script("syscall", producer, RECORD)
        root = make_root(scratch, {"large": text, "small": text})
        for name, size in (("large", "32M"), ("small", "1M")):
            with open(root / f"etc/stapd/conf.d/{name}.conf", "a", encoding="utf-8") as profile:
                profile.write(f"[Memory]\nSize={size}\n")
        self.stapd = start_stapd(bin_folder, root, scratch / "reading.out")

    def close(self):
        self.stapd.control("stop", "--all")
        self.stapd.close()

    def fill(self, milliseconds):
        for name in ("large", "small"):
            self.stapd.wait_until_listed(name, 20)
        self.producer.run("syscall", milliseconds)

    def dump(self, *words):
        """Bytes of text, seconds to the first of them, seconds of CPU time for all."""
        before, start = os.times(), time.monotonic()
        with subprocess.Popen([*map(str, self.stapd.stapctl), "dump", *words], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as process:
            size = len(os.read(process.stdout.fileno(), MEBIBYTE))
            first = time.monotonic() - start
            while piece := os.read(process.stdout.fileno(), MEBIBYTE):
                size += len(piece)
        if process.returncode or not size:
            raise Skip(f"ours: the dump ended with status {process.returncode} after {size} bytes")
        after = os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        return size, first, used

    def dump_rows(self):
        dumps = [self.dump("large") for _ in range(self.rounds)]
        first = statistics.median(first for _, first, _ in dumps) * 1000
        for_100_mb = min(seconds / size for size, _, seconds in dumps) * 1e8 * 1000
        return [results.row(f"dump of 100 MB of text / {TEXT_MB_A_SECOND} MB a second", for_100_mb,
                            1e5 / TEXT_MB_A_SECOND, "ms", 1),
                results.row(f"first byte of a dump of 32 MiB a CPU / {FIRST_BYTE_MS} ms", first,
                            FIRST_BYTE_MS, "ms", 1)]

    def memory_rows(self):
        """Bytes of memory that a record takes, on the producer's CPU; ours beside each peer's."""
        cpu = self.producer.cpu
        kept = subprocess.run([*map(str, self.stapd.stapctl), "dump", "small", "--where", f"cpu == {cpu}"],
                              capture_output=True, check=True).stdout.count(b"\n")
        ours = MEBIBYTE / max(kept, 1)
        return [memory_row("perf record --overwrite", ours, self.perf_bytes),
                memory_row("LTTng-UST snapshot", ours, self.lttng_bytes, None)]

    def wakeups_row(self, milliseconds):
        """How often stapd runs while records are made and nobody reads them."""
        before = switches(self.stapd.process.pid)
        calls = self.producer.run("syscall", milliseconds).calls
        count = switches(self.stapd.process.pid) - before
        if not calls:
            raise Skip("the producer made no calls")
        return results.row("wake-ups of stapd while two sessions record into memory / 1", count, 1,
                           "wake-ups", 0)

    def lttng_bytes(self):
        """What the snapshot takes by the events in it; buffers of 1 MiB."""
        require_program("babeltrace2")
        armed = LttngSnapshot(self.bin_folder, self.scratch, self.producer).arm("call")
        try:
            armed.run(300)
            try:
                armed.finish(0)
            except Invalid as reason:
                raise Skip(str(reason)) from reason
        finally:
            armed.close()
        shown = subprocess.run(["babeltrace2", armed.snapshot], capture_output=True, check=False)
        kept = shown.stdout.count(b"stapd_bench:hit")
        if kept < MEBIBYTE // PAGE:
            raise Skip(f"babeltrace2 shows {kept} events: {shown.stderr.decode(errors='replace')[-200:]}")
        streams = [file for file in armed.snapshot.rglob("channel_*") if file.is_file()]
        return sum(file.stat().st_size for file in streams) / kept

    def perf_bytes(self):
        """The same of perf, whose rings have 1 MiB a CPU, too."""
        armed = PerfOverwrite(self.scratch).arm("syscall")
        try:
            self.producer.run("syscall", 200)
            armed.stop()
        finally:
            armed.close()
        shown = subprocess.run(["perf", "script", "--input", str(armed.data), "--cpu",
                                str(self.producer.cpu), "--fields", "comm,cpu"], capture_output=True,
                               check=False)
        kept = shown.stdout.count(b"\n")
        if kept < MEBIBYTE // PAGE:
            raise Skip(f"perf script shows {kept} samples")
        return MEBIBYTE / kept


def switches(pid):
    """Context switches of all threads."""
    lines = [line for status in Path(f"/proc/{pid}/task").glob("*/status")
             for line in status.read_text().splitlines() if "ctxt_switches" in line]
    return sum(int(line.split()[1]) for line in lines)


def memory_row(peer, ours, measure, target=1):
    name, why, theirs = f"memory for a record / {peer}", None, None
    try:
        theirs = measure()
    except Skip as reason:
        why = f"{peer}: {reason}"
    return results.row(name, ours, theirs, "bytes", target, why)


def snapshot_row(bin_folder, name):
    """Copying a ring of 1 MiB, alone: the rest of a dump is text."""
    program = bin_folder / "bench_runtime_ring"
    if not program.exists():
        return results.row(name, None, SNAPSHOT_MS, "ms", 1, "ours: bench_runtime_ring is not built")
    done = subprocess.run([program, "--benchmark_filter=snapshot_1m", "--benchmark_format=json"],
                          capture_output=True, check=True, text=True)
    measured = json.loads(done.stdout)["benchmarks"][0]
    if measured["time_unit"] != "us":
        raise RuntimeError("snapshot_1m is measured in us")
    return results.row(name, measured["cpu_time"] / 1000, SNAPSHOT_MS, "ms", 1)


def rows(bin_folder, scratch, producer, rounds, milliseconds):
    try:
        reading = Reading(bin_folder, scratch, producer, rounds)
        try:
            reading.fill(milliseconds)
            found = [*reading.dump_rows(), reading.wakeups_row(milliseconds), *reading.memory_rows()]
        finally:
            reading.close()
    except Skip as reason:
        found = [results.row("dump", None, None, "ms", 1, f"ours: {reason}")]
    return [*found, snapshot_row(bin_folder, f"snapshot of 1 MiB / {SNAPSHOT_MS} ms")]
