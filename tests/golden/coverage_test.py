#!/usr/bin/env python3
"""Fails when a kind of diagnostic occurs in no script: an error in one that is named after it,
fail_<kind>_<what>.stp, a warning anywhere. What a script of reasonable size cannot show is tested
elsewhere, and it is looked at whether it is. Kinds of token and node: tests/spec/language.

usage: coverage_test.py TRANSLATE_FOR_TESTS
"""
import pathlib
import subprocess
import sys

import run_golden

TESTS = run_golden.HERE.parent
# Kind -> the test that makes it, and what it is known by there.
ELSEWHERE = {
    "source_too_large": ("unit/translator_lex/lexer_test.cpp", "source_too_large"),
    "too_many_tokens": ("unit/translator_lex/lexer_test.cpp", "too_many_tokens"),
    "expansion_too_large": ("hostile/hostile_test.py", "expansion_too_large"),
    "too_many_probes": ("hostile/hostile_test.py", "too_many_probes"),
    "call_chain_too_deep": ("hostile/hostile_test.py", "call_chain_too_deep"),
    "probe_left_out": ("spec/daemon/bad_input_test.cpp", "OnMissingProbe=warn"),
    "tapset_not_readable": ("unit/translator_tapset/tapset_files_test.cpp", "tapset_not_readable"),
}


def main():
    tool = str(pathlib.Path(sys.argv[1]).resolve())
    lines = subprocess.run([tool, "--list=diagnostics"], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    stages = dict(line.split() for line in lines)
    # run_golden.py and elaborate_test.py see to it that a script's name tells the kind.
    names = [script.stem for folder in ("golden", "oracle/elaborate")
             for script in (TESTS / folder).rglob("fail_*.stp")]
    found = {kind for kind in stages if any(name.startswith(f"fail_{kind}_") for name in names)}
    for phase in run_golden.PHASES:
        for script in sorted((run_golden.HERE / phase).rglob("*.stp")):
            messages = run_golden.translate(tool, phase, script, ["--kinds"])[2]
            found |= {kind for line in messages.splitlines() if line.startswith("       kind: ")
                      for kind in [line.split()[1]] if stages[kind] == "warning"}
    missing = []
    for kind, stage in stages.items():
        if kind in ELSEWHERE:
            path, words = ELSEWHERE[kind]
            if words not in (TESTS / path).read_text():
                missing.append(f"{kind} is not in {path} any more")
        elif kind not in found:
            missing.append(f"{stage} of kind {kind} is in no script")
    print("\n".join(missing) if missing else f"{len(stages)} kinds, each in a test")
    return 1 if missing else 0


sys.exit(main())
