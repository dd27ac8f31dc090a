#!/usr/bin/env python3
"""Fails when a kind of token, of tree node, of operation of the handler IR, a builtin or a printf
conversion occurs in no language test that runs in both places.

The lists are what the tools print of the sources' tables; what a script contains is what they print
of the script. What can never run is named in REFUSED, and must then occur in a golden test.

usage: coverage_test.py STAPCTL TRANSLATE_FOR_TESTS
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

import run

ROOT = run.HERE.parent.parent.parent
GOLDEN = ROOT / "tests" / "golden" / "parse"

# What pass 2 or 3 refuses wherever it stands, and why.
REFUSED = {
    "token junk": "a byte that begins nothing",
    "token embedded_code": "C",
    "node embedded_expr": "C",
    "node embedded_stmt": "C",
    "node perf": "counters of the processor",
    "node target_global": "variables of programs and of the kernel, which DWARF describes",
}
CONVERSIONS = "diuoxXpcsbmM"


def output(*command, folder=None):
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL).stdout.decode(errors="replace")


class Contents:
    """What occurs in scripts: "token kw_if", "node loop", "operation str.copy" ..."""

    def __init__(self, stapctl, translate):
        self.stapctl, self.translate = stapctl, translate
        self.operation_names = output(translate, "--list=operations").splitlines()

    def known(self):
        found = [f"{what} {name}" for what in ("token", "node", "operation")
                 for name in output(self.translate, f"--list={what}s").splitlines()]
        found += [f"builtin {name}" for name in re.findall(
            r"^STAPD_BUILTIN\((\w+)", (ROOT / "translator/builtin/builtins.def").read_text(),
            re.MULTILINE)]
        return found + [f"{family} %{c}" for family in ("printf", "sprintf") for c in CONVERSIONS]

    def tokens_and_nodes(self, script, arguments):
        def product(*options):
            return output(self.translate, *options, "-g", "-I", str(ROOT / "tapsets"), script.name,
                          *arguments, folder=script.parent).splitlines()
        # Tokens of branches that the preprocessor drops do not count, but its own do.
        raw = {line.split()[1] for line in product("--phase=lex") if " " in line}
        found = {line.split()[1] for line in product("--phase=preprocess") if " " in line}
        found |= {t for t in raw if t.startswith("conditional_") or t == "missing_argument"}
        return ({f"token {token}" for token in found}
                | {f"node {node}" for node in product("--phase=parse", "--nodes")})

    def operations(self, script, directives):
        """Of the VM's handlers, and of programs, which have calls inlined and locks."""
        options = list(directives.options)
        if "-c" in options:  # nothing is run
            at = options.index("-c")
            del options[at:at + 2]
        found = set()
        for phase in (["--stop-after=lower"],
                      ["--stop-after=place", "-D", "STAPD_ALL_IN_KERNEL=1"]):
            text = output(self.stapctl, "compile", *phase, *options, script.name,
                          *directives.arguments, folder=script.parent)
            found |= set(re.findall(r"^  (?:.* = )?([\w.]+)", text, re.MULTILINE))
        # Behind a name there may be a size: "load.u32" is a load.
        return {f"operation {known}" for known in self.operation_names
                if any(name == known or name.startswith(known + ".") for name in found)}

    def of_script(self, script):
        directives = run.Directives(script)
        if set(directives.places) != set(run.PLACES):
            return set()
        return (self.tokens_and_nodes(script, directives.arguments)
                | self.operations(script, directives))

    def of_golden(self, script):
        return self.tokens_and_nodes(script, [])


def called_builtins(scripts):
    """Builtins that the scripts call, by way of the tapset's functions and macros."""
    bodies = {}
    for path in sorted((ROOT / "tapsets").rglob("*.stp*")):
        for name, body in re.findall(
                r"^(?:private )?(?:function |@define )(\w+)[^{%]*([{%].*?)(?=^\S|\Z)",
                path.read_text(), re.MULTILINE | re.DOTALL):
            bodies[name] = bodies.get(name, "") + body
    calls = {name: set(re.findall(r"@?(\w+)\b", body)) for name, body in bodies.items()}
    seen, waiting = set(), []
    for script in scripts:
        waiting += re.findall(r"\b(\w+)\(|@(\w+)", script.read_text(errors="replace"))
    waiting = [name for pair in waiting for name in pair if name]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += calls.get(name, ())
    return {f"builtin {name[len('__builtin_'):]}" for name in seen if name.startswith("__builtin_")}


def used_conversions(scripts):
    sources = "\n".join(script.read_text(errors="replace") for script in scripts)
    for family in ("printf", "sprintf"):
        formats = " ".join(re.findall(r"\b" + family + r'\("((?:[^"\\]|\\.)*)"', sources))
        for c in re.findall(r"%[-+ 0#]?[\d*]*(?:\.[\d*]+)?l?([a-zA-Z])", formats):
            yield f"{family} %{c}"


def main():
    contents = Contents(*(os.path.abspath(tool) for tool in sys.argv[1:3]))
    known = contents.known()
    unknown = [name for name in REFUSED if name not in known]
    scripts = run.find_scripts([])
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        covered = set().union(*pool.map(contents.of_script, scripts))
        refused = set().union(*pool.map(contents.of_golden, sorted(GOLDEN.rglob("*.stp"))))
    refused |= {"token junk"}  # a script with one has no tokens: golden_coverage
    both = [s for s in scripts if set(run.Directives(s).places) == set(run.PLACES)]
    covered |= called_builtins(both) | set(used_conversions(both))
    missing = [f"in no language test: {name}" for name in known
               if name not in covered and name not in REFUSED]
    missing += [f"in no golden test: {name}" for name in REFUSED if name not in refused]
    missing += [f"is refused no longer: {name}" for name in REFUSED if name in covered]
    missing += [f"there is no such thing: {name}" for name in unknown]
    print("\n".join(missing) if missing else f"{len(known)} things, each in a language test")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
