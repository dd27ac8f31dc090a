#!/usr/bin/env python3
"""Language tests: each NAME.stp of an area runs in the daemon's VM, and as BPF through the verifier;
both times it must print NAME.out, and to standard error NAME.err (nothing without that file).

usage: run.py STAP [--show] [AREA | AREA/NAME...]     --show prints what came out instead

Lines at the start of a script say how it runs:
  #: OPTION... [-- ARGUMENT...]   options of stap and arguments of the script
  #status N                       the exit status, when it is not 0
  #place daemon|kernel: REASON    only there
  #host: REASON                   not in a virtual machine, whose programs are others
A line of NAME.out or NAME.err that starts with `~ ` is a regular expression for the line in its
place; one that ends in `\\c` has no line end. The expected texts follow from the language's
specification: they are written, not recorded.
"""
import concurrent.futures
import difflib
import os
import pathlib
import re
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PLACES = {"daemon": [], "kernel": ["-D", "STAPD_ALL_IN_KERNEL=1"]}
SKIPPED = 77


class Directives:
    def __init__(self, script):
        self.options, self.arguments, self.status, self.places = [], [], 0, list(PLACES)
        for line in script.read_text(errors="replace").splitlines():
            word, _, rest = line.partition(" ")
            if word == "#:":
                words = shlex.split(rest)
                cut = words.index("--") if "--" in words else len(words)
                self.options, self.arguments = words[:cut], words[cut + 1:]
            elif word == "#status":
                self.status = int(rest)
            elif word == "#host:":
                continue
            elif word == "#place":
                self.places = [rest.split(":")[0]]
            else:
                return


def run_script(stap, script, directives, place):
    command = [stap, *PLACES[place], *directives.options, script.name, *directives.arguments]
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    try:
        return subprocess.run(command, cwd=script.parent, capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL, env=environment, check=False)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(command, "none within 60 s", late.stdout or b"",
                                           late.stderr or b"")


def expected_lines(path):
    if not path.exists():
        return []
    lines = path.read_bytes().decode("latin-1").split("\n")
    lines = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    return [line[:-3] if line.endswith("\\c\n") else line for line in lines]


def as_expected(expected, printed):
    """The printed lines, each regular expression's in the words of the expectation."""
    lines = printed.decode("latin-1").split("\n")
    lines = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    for i, (wanted, line) in enumerate(zip(expected, lines)):
        if wanted.startswith("~ ") and re.fullmatch(wanted[2:].rstrip("\n"), line.rstrip("\n")):
            lines[i] = wanted
    return lines


def complaints(script, place, directives, done):
    name = f"{script.parent.name}/{script.stem} in the {place}"
    if done.returncode != directives.status:
        yield f"{name}: exit status {done.returncode}, not {directives.status}\n"
    for suffix, printed in ((".out", done.stdout), (".err", done.stderr)):
        expected = expected_lines(script.with_suffix(suffix))
        lines = as_expected(expected, printed)
        if lines != expected:
            yield "".join(line if line.endswith("\n") else line + "\\c\n" for line in
                          difflib.unified_diff(expected, lines, f"{name}: expected{suffix}",
                                               "printed"))


def check_script(stap, script):
    directives = Directives(script)
    if not script.with_suffix(".out").exists() and not script.with_suffix(".err").exists():
        return [f"{script}: has neither .out nor .err\n"]
    found = []
    for place in directives.places:
        done = run_script(stap, script, directives, place)
        found += complaints(script, place, directives, done)
    return found


def show_script(stap, script):
    directives = Directives(script)
    for place in directives.places:
        done = run_script(stap, script, directives, place)
        print(f"---- {script.parent.name}/{script.stem} in the {place}: status {done.returncode}")
        sys.stdout.flush()
        sys.stdout.buffer.write(done.stdout + done.stderr)
        sys.stdout.flush()


def find_scripts(names):
    scripts = sorted(HERE.glob("*/*.stp"))
    if not names:
        return scripts
    return [s for s in scripts if s.parent.name in names or f"{s.parent.name}/{s.stem}" in names]


def main():
    stap = os.path.abspath(sys.argv[1])
    scripts = find_scripts([a for a in sys.argv[2:] if a != "--show"])
    if os.geteuid() != 0:
        print("needs root")
        return SKIPPED
    if not scripts:
        print("no such tests")
        return 1
    if "--show" in sys.argv:
        for script in scripts:
            show_script(stap, script)
        return 0
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max(2, os.cpu_count() or 1)) as pool:
        for found in pool.map(lambda script: check_script(stap, script), scripts):
            failed += bool(found)
            for complaint in found:
                print(complaint, end="")
    print(f"{len(scripts) - failed} of {len(scripts)} scripts as expected in both places")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
