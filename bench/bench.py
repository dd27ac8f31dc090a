#!/usr/bin/python3
"""Compares us with our peers on the same work, in one run: a table, and build/bench/results.json."""

import argparse
import dataclasses
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True  # the tree stays as it is

import compiling
import file_mode
import idle
from method import BARE, Rounds, Skip
from ours import all_ours
from peers import all_peers
from producer import MainProducer
import reading
import results
import startup

ROOT = Path(__file__).resolve().parent.parent
NEAR = (0.7, 1.4)  # a ratio of so much of its target is measured in twice as many rounds
HOOKS = {"syscall": "system call", "call": "function of a program"}



@dataclasses.dataclass
class Comparison:
    name: str
    ours: str
    peer: str
    target: float = None
    hooks: tuple = tuple(HOOKS)
    whole: bool = False  # over the bare event instead of over an empty program
    event: bool = False  # the event itself too


COMPARISONS = [
    Comparison("record / C with a ring buffer", "our record", "ringbuf", 0.75),
    Comparison("record without time / C with a ring buffer, with time", "our record without time", "ringbuf", 0.5),
    Comparison("record / bpftrace printf", "our record", "bpftrace printf", 0.02),
    Comparison("record / perf record --overwrite", "our record", "perf record --overwrite",
               hooks=("syscall",)),
    Comparison("record / LTTng-UST snapshot", "our record", "LTTng-UST snapshot", hooks=("call",),
               whole=True),
    Comparison("count by name, ++ / bpftrace", "our count by name", "bpftrace count by comm", 0.6),
    Comparison("count by name, <<< / bpftrace", "our statistic by name", "bpftrace count by comm",
               0.6),
    Comparison("count by name, <<< / C with a hash map", "our statistic by name", "count"),
    Comparison("count by name and pid / bpftrace", "our count by name, pid",
               "bpftrace count by comm, pid", 1),
    Comparison("two counters, atomic / C with a lock", "our two counters", "locked"),
    Comparison("the event with a disarmed probe / without any probe", "our disarmed probe", BARE, 1.1,
               event=True),
]


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--results", type=Path, default=ROOT / "build/bench/results.json")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--milliseconds", type=int, default=500, help="of each sample")
    parser.add_argument("--smoke", action="store_true",
                        help="one short round: shows that everything runs, not what it costs")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.rounds, arguments.milliseconds = 1, 30
    return arguments


def say(text):
    print(text, file=sys.stderr, flush=True)


def measure_costs(arguments, producer, contenders):
    """hook -> Samples."""
    found = {}
    for hook, title in HOOKS.items():
        say(f"bench: {title}, {arguments.rounds} rounds")
        rounds = Rounds(producer, arguments.milliseconds)
        found[hook] = rounds.run(hook, contenders, arguments.rounds)
        if arguments.smoke:
            continue
        close = close_contenders(hook, found[hook], contenders)
        if close:
            say(f"bench: {title}, {arguments.rounds} rounds more for {', '.join(c.name for c in close)}")
        rounds.go_on(hook, close, arguments.rounds, found[hook])
    return found


def close_contenders(hook, samples, contenders):
    """Those of rows that are so near to their target that noise may decide, with their zeros."""
    names = set()
    for entry in COMPARISONS:
        there = samples.cost(entry.ours) is not None and samples.cost(entry.peer) is not None
        if hook not in entry.hooks or not entry.target or not there:
            continue
        ratio = cost_row(hook, samples, entry, contenders)["ratio"]
        if ratio is not None and NEAR[0] < ratio / entry.target < NEAR[1]:
            names |= {entry.ours, entry.peer, *zeros_of(hook, entry, contenders)}
    return [contender for contender in contenders if contender.name in names]


def zeros_of(hook, entry, contenders):
    zero = {contender.name: contender.zero for contender in contenders}
    if entry.event:
        return None, None
    if entry.whole:
        return BARE, BARE
    return zero[entry.ours](hook), zero[entry.peer](hook)


def cost_row(hook, samples, entry, contenders):
    zeros = zeros_of(hook, entry, contenders)
    return results.cost_row(f"{HOOKS[hook]}: {entry.name}", samples, entry.target, entry.ours,
                            zeros[0], entry.peer, zeros[1])


def cost_rows(found, contenders):
    """A row for each comparison and hook."""
    return [cost_row(hook, samples, entry, contenders) for hook, samples in found.items()
            for entry in COMPARISONS if hook in entry.hooks]


def startup_rows(arguments, producer, bin_folder, scratch):
    rounds = 1 if arguments.smoke else 2 * arguments.rounds + 1
    say(f"bench: start-up, {rounds} rounds")
    found, skipped = startup.Startup(producer, scratch).measure(
        startup.startup_commands(bin_folder, scratch, producer), rounds)
    why = "; ".join(f"{name}: {reason}" for name, reason in skipped.items()) or None
    ours, peer = found.get("ours", (None, None)), found.get("bpftrace", (None, None))
    return [results.row("from command to first event armed / bpftrace", ours[0], peer[0], "ms", 0.3,
                        why),
            results.row("memory at most / bpftrace", ours[1], peer[1], "MiB", None, why)]


def compiling_rows(arguments, producer, bin_folder, scratch):
    say("bench: compiling")
    return compiling.rows(bin_folder, scratch, producer, 1 if arguments.smoke else 3)


def idle_row(producer, bin_folder, scratch):
    say("bench: idle daemon")
    name = f"daemon with {idle.SESSIONS} idle sessions, besides its rings / {idle.LIMIT_MIB} MiB"
    try:
        return results.row(name, idle.measure(bin_folder, scratch, producer), idle.LIMIT_MIB, "MiB", 1)
    except Skip as reason:
        return results.row(name, None, idle.LIMIT_MIB, "MiB", 1, f"ours: {reason}")


def reading_rows(arguments, producer, bin_folder, scratch):
    say("bench: reading")
    return reading.rows(bin_folder, scratch, producer, 2 if arguments.smoke else 9,
                        50 if arguments.smoke else 1000)


def file_mode_rows(arguments, producer, bin_folder, scratch):
    say("bench: file mode")
    rate = f"file mode at {file_mode.RATE:,} events/s"
    cpu_name = f"{rate}: CPU / {file_mode.LIMIT_CPU_PERCENT} %"
    bytes_name = f"{rate}: bytes an event / {file_mode.LIMIT_BYTES}"
    milliseconds = 500 if arguments.smoke else 10_000
    percent, size, why = measured(lambda: file_mode.measure(bin_folder, scratch, producer, milliseconds),
                                  "ours")
    their_percent, their_size, their_why = measured(
        lambda: file_mode.measure_perf(scratch, producer, milliseconds), "perf")
    both = "; ".join(filter(None, [why, their_why])) or None
    peer = "perf record --switch-output"
    return [results.row(cpu_name, percent, file_mode.LIMIT_CPU_PERCENT, "% of a CPU", 1, why),
            results.row(bytes_name, size, file_mode.LIMIT_BYTES, "bytes", 1, why),
            results.row(f"{rate}: CPU / {peer}", percent, their_percent, "% of a CPU", None, both),
            results.row(f"{rate}: bytes an event / {peer}", size, their_size, "bytes", None, both)]


def measured(measure, who):
    """What two figures are, or why they are not."""
    try:
        return *measure(), None
    except Skip as reason:
        return None, None, f"{who}: {reason}"


def print_costs(found, contenders):
    """What the rows were made of: every contender on its own."""
    zero = {contender.name: contender.zero for contender in contenders}
    for hook, samples in found.items():
        print(f"\n{HOOKS[hook]}: bare {samples.cost(BARE):.1f} ns an event; over that, and over an "
              "empty program in the same place:")
        for name in samples.costs:
            if name == BARE:
                continue
            net = samples.net(name, zero[name](hook))
            shown = f"{net:>10.1f} ns" if net is not None and zero[name](hook) != BARE else f"{'':13}"
            print(f"  {name:<28} {samples.net(name, BARE):>10.1f} ns {shown}"
                  f"   ({len(samples.costs[name])} samples)")
        for note in samples.notes:
            print(f"  {note}")


def main():
    arguments = parse_arguments()
    bin_folder = (arguments.build / "bin").resolve()
    start = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="stapd-bench-"))
    producer = MainProducer(bin_folder)
    try:
        contenders = [*all_peers(bin_folder, scratch, producer),
                      *all_ours(bin_folder, scratch, producer)]
        found = measure_costs(arguments, producer, contenders)
        rows = [*cost_rows(found, contenders),
                *startup_rows(arguments, producer, bin_folder, scratch),
                *compiling_rows(arguments, producer, bin_folder, scratch),
                *reading_rows(arguments, producer, bin_folder, scratch),
                idle_row(producer, bin_folder, scratch),
                *file_mode_rows(arguments, producer, bin_folder, scratch)]
    finally:
        producer.close()
        shutil.rmtree(scratch)
    print_costs(found, contenders)
    results.print_table(rows)
    results.write(rows, arguments.results)
    raw = {hook: samples.costs for hook, samples in found.items()}
    arguments.results.with_name("samples.json").write_text(json.dumps(raw, indent=1) + "\n")
    print(f"\n{arguments.results} ({time.monotonic() - start:.0f} s)")


if __name__ == "__main__":
    main()
