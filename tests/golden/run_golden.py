#!/usr/bin/env python3
"""Golden tests: NAME.stp through the translator up to the phase that its folder is named after; the
product and the messages must be those in NAME.expected.

usage: run_golden.py TRANSLATE_FOR_TESTS PHASE [--update] [NAME...]

A script whose first line is `#: OPTION...` is translated with these options; what stands behind
`--` there are the script's arguments. The name of a script tells what comes of it:
fail_<kind>_<what>.stp has an error of that kind, every other has none.
"""
import difflib
import pathlib
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures"
PHASES = {"lex": "preprocess", "parse": "parse", "elaborate": "elaborate"}


def options_of(script):
    first = script.read_text(errors="replace").split("\n", 1)[0]
    words = shlex.split(first[2:]) if first.startswith("#:") else []
    cut = words.index("--") if "--" in words else len(words)
    return words[:cut], words[cut + 1:]


def translate(tool, phase, script, extra=()):
    options, arguments = options_of(script)
    done = subprocess.run(
        [tool, "--phase=" + PHASES[phase], "--kernel-build=" + str(FIXTURES / "kernel_build"),
         *extra, *options, script.name, *arguments],
        cwd=script.parent, capture_output=True, timeout=60)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def fault_in_outcome(script, status, messages):
    """Whether the script's name tells the truth; the complaint, or None."""
    if script.name.startswith("fail_"):
        if status != 1:
            return "exit status %d, but its name says that it fails" % status
        kinds = [line.split()[1] for line in messages.splitlines()
                 if line.startswith("       kind: ")]
        if not any(script.stem.startswith("fail_" + kind + "_") for kind in kinds):
            return "its name says what is wrong, but the kinds are %s" % ", ".join(kinds)
    elif status != 0:
        return "exit status %d:\n%s" % (status, messages)
    return None


def main():
    update = "--update" in sys.argv
    tool, phase, *names = [a for a in sys.argv[1:] if a != "--update"]
    scripts = sorted((HERE / phase).rglob("*.stp"))
    scripts = [s for s in scripts if "tapset" not in s.parent.parts]
    if names:
        scripts = [s for s in scripts if s.stem in names]
    failures = 0
    for script in scripts:
        status, product, messages = translate(tool, phase, script, ["--kinds"])
        text = product + ("--- messages ---\n" + messages if messages else "")
        complaint = fault_in_outcome(script, status, messages)
        expected_file = script.with_suffix(".expected")
        expected = expected_file.read_text() if expected_file.exists() else ""
        if update and not complaint:
            expected_file.write_text(text)
            expected = text
        if not complaint and text != expected:
            complaint = "\n".join(difflib.unified_diff(expected.splitlines(), text.splitlines(),
                                                       "expected", "got", lineterm=""))
        if complaint:
            failures += 1
            print("FAIL %s: %s" % (script.relative_to(HERE), complaint))
    print("%d scripts, %d failures" % (len(scripts), failures))
    return 1 if failures or not scripts else 0


if __name__ == "__main__":
    sys.exit(main())
