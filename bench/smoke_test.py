#!/usr/bin/python3
"""Runs the whole bench for moments: everybody who is there can be armed, sees the events, and costs
what is plausible. Figures are for `./dev bench`. smoke_test.py BUILD_FOLDER"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ALWAYS_THERE = ("C with", "bpftrace")  # peers that `./dev setup` installs


def faults_of_row(row, is_built):
    if set(row) != {"name", "ours", "peer", "unit", "ratio", "target", "why"}:
        yield f"has the keys {sorted(row)}"
    if row["peer"] is None and any(peer in row["name"] for peer in ALWAYS_THERE):
        yield "has no figure of the peer"
    if row["ours"] is None and (is_built or not row["why"]):
        yield "has no figure of ours"


def faults_of_samples(samples):
    """Only differences that no noise of a moment reaches."""
    samples = {hook: {name: [cost for cost, _ in pairs] for name, pairs in found.items()}
               for hook, found in samples.items()}
    call, syscall = samples["call"], samples["syscall"]
    if min(call["empty"]) < 20 * min(call["bare"]):
        yield "an empty program on a function costs next to nothing: it was not armed"
    for hook, costs in samples.items():
        if min(costs["bpftrace printf"]) < 3 * min(costs["empty"]):
            yield f"{hook}: bpftrace printf costs next to nothing: it was not armed"
    if min(syscall["our disarmed probe"]) > 1.5 * min(syscall["bare"]):
        yield "a disarmed probe costs something: it was armed"
    if min(syscall["ringbuf"]) <= min(syscall["bare"]):
        yield "the ring buffer costs nothing: it was not armed"


def main():
    build_folder = Path(sys.argv[1])
    is_built = all((build_folder / "bin" / program).exists()
                   for program in ("stap", "stapd", "stapctl"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "results.json")
        subprocess.run([Path(__file__).with_name("bench.py"), "--smoke", "--build", build_folder,
                        "--results", path], check=True)
        rows = json.loads(path.read_text())
        samples = json.loads(path.with_name("samples.json").read_text())
    faults = [f"'{row['name']}' {fault} ({row['why']})"
              for row in rows for fault in faults_of_row(row, is_built)]
    faults += faults_of_samples(samples)
    print("\n".join(f"FAILED: {fault}" for fault in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
