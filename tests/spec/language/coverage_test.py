#!/usr/bin/env python3
"""Fails when a builtin, a printf conversion or an operation of the handler IR occurs in no language
test.

usage: coverage_test.py STAP
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

import run

ROOT = run.HERE.parent.parent.parent

# What no script shows in the text of pass 3, and why.
EXEMPT = {
    "lock": "placed later, in programs: tests/spec/atomic_test.py",
    "unlock": "placed later, in programs: tests/spec/atomic_test.py",
    "tell": "added later, to programs: tests/spec/conditions_test.cpp",
    "stack.push": "made of calls later, in programs: functions/recursion",
    "stack.top": "made of calls later, in programs: functions/recursion",
    "stack.unwind": "made of calls later, in programs: functions/error_in_call",
    "stack.pop": "made of calls later, in programs: functions/recursion",
    "udiv": "no script makes it: tests/spec/two_places_test.cpp",
    "umod": "no script makes it: tests/spec/two_places_test.cpp",
    "table": "no script makes it",
    "reraise": "no script makes it",
    "register": "of functions' arguments: tests of user probes",
    "register.user": "of arguments at a call's return: tests/spec/syscall_tapset",
}
CONVERSIONS = "diuoxXpcsbmM"


def table(path, macro, column):
    """A column of the rows `MACRO(a, "b", ...)` of a .def file."""
    rows = re.findall(r"^" + macro + r"\(([^)]*)\)", (ROOT / path).read_text(), re.MULTILINE)
    return [row.split(",")[column].strip().strip('"') for row in rows]


def lowered(stap, script):
    directives = run.Directives(script)
    command = [stap, "-p3", *directives.options, script.name, *directives.arguments]
    return subprocess.run(command, cwd=script.parent, capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL, check=False).stdout.decode(errors="replace")


def called_builtins(scripts):
    """Builtins that the scripts call, by way of the tapset's functions."""
    calls, bodies = {}, {}
    for path in sorted((ROOT / "tapsets").rglob("*.stp")):
        for name, body in re.findall(r"^(?:private )?function (\w+)[^{]*(\{.*?)(?=^\S|\Z)",
                                     path.read_text(), re.MULTILINE | re.DOTALL):
            bodies[name] = bodies.get(name, "") + body
    for name, body in bodies.items():
        calls[name] = set(re.findall(r"(\w+)\(", body))
    seen, waiting = set(), []
    for script in scripts:
        waiting += re.findall(r"(\w+)\(", script.read_text(errors="replace"))
    waiting += ["__builtin_max_string"] if any("@MAXSTRINGLEN" in s.read_text(errors="replace")
                                               for s in scripts) else []
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += calls.get(name, ())
    return {name[len("__builtin_"):] for name in seen if name.startswith("__builtin_")}


def main():
    stap = os.path.abspath(sys.argv[1])
    scripts = run.find_scripts([])
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        text = "\n".join(pool.map(lambda script: lowered(stap, script), scripts))
    operations = {word for line in text.splitlines()
                  for word in re.findall(r"^  (?:.* = )?([\w.]+)", line)}
    sources = "\n".join(script.read_text(errors="replace") for script in scripts)
    missing = [f"operation {op}" for op in table("runtime/image/ir_op.def", "STAPD_IR_OP", 1)
               if op not in EXEMPT and not any(used == op or used.startswith(op + ".")
                                               for used in operations)]
    builtins = called_builtins(scripts)
    missing += [f"builtin {name}" for name in
                table("translator/builtin/builtins.def", "STAPD_BUILTIN", 0)
                if name not in builtins]
    for family in ("printf", "sprintf"):
        formats = " ".join(re.findall(r'\b' + family + r'\("((?:[^"\\]|\\.)*)"', sources))
        used = set(re.findall(r"%[-+ 0#]?[\d*]*(?:\.[\d*]+)?l?([a-zA-Z])", formats))
        missing += [f"{family}: %{c}" for c in CONVERSIONS if c not in used]
    for name in missing:
        print("in no language test:", name)
    return 1 if missing else 0


sys.exit(main())
