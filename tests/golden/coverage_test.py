#!/usr/bin/env python3
"""Fails when a token kind, a tree node kind or a diagnostic kind occurs in no golden test. Kinds of
semantic faults may be in the scripts that are compared with SystemTap instead.

usage: coverage_test.py TRANSLATE_FOR_TESTS [STAGE...]     stages of diagnostics: parse warning ...
"""
import pathlib
import subprocess
import sys

import run_golden

ELABORATED = run_golden.HERE.parent / "oracle" / "elaborate"

# Kinds that no script on disk shows, and why.
EXEMPT = {
    "conditional_open": "used up by the preprocessor, conditionals.stp has it",
    "conditional_then": "used up by the preprocessor, conditionals.stp has it",
    "conditional_else": "used up by the preprocessor, conditionals.stp has it",
    "conditional_close": "used up by the preprocessor, conditionals.stp has it",
    "missing_argument": "used up by the preprocessor, conditionals.stp has it",
    "source_too_large": "a script of 16 MiB; tests/unit/translator_lex",
    "too_many_tokens": "a script of megabytes; tests/unit/translator_lex",
    "expansion_too_large": "made by a program; tests/unit/translator_lex",
    "too_many_probes": "made by a program; tests/hostile",
    "call_chain_too_deep": "made by a program; tests/hostile",
    "conflicting_globals": "two scripts; tests/unit/translator_elaborate",
    "probe_left_out": "a profile asks for it: OnMissingProbe=warn; tests/spec/daemon",
    "tapset_not_readable": "a file that cannot be read; tests/unit/translator_tapset",
}


def kinds(tool, what):
    return subprocess.run([tool, "--list=" + what], capture_output=True, text=True,
                          check=True).stdout.splitlines()


def main():
    tool, *stages = sys.argv[1:]
    tokens, nodes, diagnostics = set(), set(), set()
    known = [line.split()[0] for line in kinds(tool, "diagnostics")]
    for phase in run_golden.PHASES:
        for script in sorted((run_golden.HERE / phase).rglob("*.stp")):
            if "tapset" in script.parent.parts:
                continue
            _, product, messages = run_golden.translate(tool, phase, script, ["--kinds"])
            diagnostics.update(line.split()[1] for line in messages.splitlines()
                               if line.startswith("       kind: "))
            if phase == "lex":
                tokens.update(line.split()[1] for line in product.splitlines() if " " in line)
            if phase == "parse":
                nodes.update(run_golden.translate(tool, phase, script, ["--nodes"])[1].splitlines())
    for script in ELABORATED.rglob("fail_*.stp"):
        # elaborate_test.py sees to it that a script's name tells the kind.
        diagnostics.update(kind for kind in known
                           if script.stem.startswith("fail_" + kind + "_"))
    missing = ["token kind " + k for k in kinds(tool, "tokens") if k not in tokens and k not in EXEMPT]
    missing += ["node kind " + k for k in kinds(tool, "nodes") if k not in nodes]
    for line in kinds(tool, "diagnostics"):
        kind, stage = line.split()
        if stage in stages and kind not in diagnostics and kind not in EXEMPT:
            missing.append("diagnostic kind " + kind)
    for name in missing:
        print("in no golden test:", name)
    return 1 if missing else 0


sys.exit(main())
