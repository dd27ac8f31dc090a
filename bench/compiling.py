"""What compiling costs: every example script of an installed SystemTap, and what programs it makes."""

import re
import statistics
import subprocess
from pathlib import Path

import results
from ours import COUNT_BY_NAME, RECORD, STATISTIC_BY_NAME, LOCKED, script
from peers import require_program

EXAMPLES = ("/usr/share/systemtap/examples", "/usr/share/doc/systemtap/examples")
MEDIAN_MS, INDEX_MS = 10, 60


def compile_scripts(bin_folder, rounds, paths):
    """path -> (ms, instructions), of those that are accepted."""
    output = subprocess.run([bin_folder / "bench_compile", str(rounds), *paths], check=True,
                            capture_output=True, text=True).stdout
    lines = (line.split(maxsplit=2) for line in output.splitlines())
    return {path: (float(ms), int(instructions)) for ms, instructions, path in lines if ms != "-"}


def example_paths():
    paths = {path.resolve() for folder in EXAMPLES for path in Path(folder).rglob("*.stp")}
    return sorted(map(str, paths))


def time_rows(bin_folder, rounds):
    paths = example_paths()
    if not paths:
        why = "systemtap-doc is not installed"
        return [results.row("compiling an example script, median", None, MEDIAN_MS, "ms", 1, why)]
    found = compile_scripts(bin_folder, rounds, paths)
    times = sorted(ms for ms, _ in found.values())
    worst = max(found, key=lambda path: found[path][0])
    # Up to parsing, the smallest script costs what its library does.
    index = min(ms for ms, _ in compile_scripts(bin_folder, -rounds, list(found)[:5]).values())
    return [
        results.row(f"compiling an example script, median / {MEDIAN_MS} ms",
                    statistics.median(times), MEDIAN_MS, "ms", 1,
                    f"{len(found)} of {len(paths)} examples are accepted"),
        results.row("compiling an example script, worst", found[worst][0], None, "ms", None,
                    f"{Path(worst).name}: {found[worst][1]} instructions"),
        results.row(f"indexing the tapset library / {INDEX_MS} ms", index, INDEX_MS, "ms", 1),
    ]


def peer_instructions(bin_folder, peer):
    """Of the program on the raw tracepoint in a hand-written object."""
    sections = subprocess.run(["readelf", "--sections", "--wide", bin_folder / f"bench_{peer}.bpf.o"],
                              check=True, capture_output=True, text=True).stdout
    match = re.search(r" raw_tp/sys_enter +PROGBITS +\S+ +\S+ +([0-9a-f]+)", sections)
    return int(match.group(1), 16) // 8


def instruction_rows(bin_folder, scratch, producer):
    found = []
    for name, statement, peer in (("record", RECORD, "ringbuf"),
                                  ("count by name, ++", COUNT_BY_NAME, "count"),
                                  ("count by name, <<<", STATISTIC_BY_NAME, "count"),
                                  ("two counters, atomic", LOCKED, "locked")):
        path = scratch / "handler.stp"
        path.write_text(script("syscall", producer, statement))
        _, ours = compile_scripts(bin_folder, 1, [str(path)])[str(path)]
        found.append(results.row(f"instructions: {name} / C", ours,
                                peer_instructions(bin_folder, peer), "instructions", None))
    return found


def rows(bin_folder, scratch, producer, rounds):
    require_program("readelf")
    return [*time_rows(bin_folder, rounds), *instruction_rows(bin_folder, scratch, producer)]
