#!/usr/bin/env python3
"""Many small scripts through our elaboration and through `stap -p2`: both accept or both refuse, and
the types of the script's own globals, functions and local variables are the same.

usage: elaborate_test.py TRANSLATE_FOR_TESTS CACHE_FOLDER [NAME...]

fail_<kind>_<what>.stp is wrong in one way, and our message is of that kind. A first line
`#: OPTION... [-- ARGUMENT...]` goes to both. A script that begins with `#! REASON` is one where we
differ on purpose: then both verdicts must differ, or our types, so that a reason cannot go stale.
"""
import concurrent.futures
import pathlib
import re
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import stap_oracle

TAPSETS = HERE.parent.parent / "tapsets"


def options_of(text):
    for line in text.splitlines()[:2]:
        if line.startswith("#:"):
            words = shlex.split(line[2:])
            cut = words.index("--") if "--" in words else len(words)
            return words[:cut], words[cut + 1:]
    return [], []


def parse_types(product, script):
    """The types in a `stap -p2` listing that the script itself is about."""
    own_functions = set(re.findall(r"function\s+(\w+)", script))
    section, scope, types = None, None, {}
    for line in product.splitlines():
        if line.startswith("# "):
            section = line[2:]
            continue
        if line.startswith("  ") and not line.startswith("  #"):
            match = re.match(r"\s+(\w+):(\w+)$", line)
            if match and scope and not match[1].startswith("__"):
                types[scope + " local " + match[1]] = match[2]
        elif section == "globals" and not line.startswith("__"):
            name = re.match(r"[\w$]+", line)
            if name and re.search(r"(?<!\w)%s\b" % re.escape(name[0]), script):
                types["global " + name[0]] = line[name.end():]
        elif section == "functions":
            match = re.match(r"([\w$]+):(\w+) (\(.*\))", line)
            scope = None
            if match and match[1] in own_functions:
                scope = "function %s%s" % (match[1], re.sub(r":\w+", "", match[3]))
                types[scope] = match[2] + match[3]
        elif section == "probes":
            # What the translator adds has no name in the script: the display of globals at the
            # end, the first look at conditions.
            point = re.match(r"(.*?) /\* <- (.*) \*/$", line)
            scope = "probe " + point[2] if point else None
    return types


def compare_types(ours, theirs):
    problems = []
    for name, type_name in theirs.items():
        if name in ours and ours[name] != type_name:
            problems.append("%s: stap says %s, we say %s" % (name, type_name, ours[name]))
        # We remove more dead code: locals may be missing, nothing else.
        if name not in ours and " local " not in name:
            problems.append("%s: only stap has it (%s)" % (name, type_name))
    problems += ["%s: only we have it (%s)" % (n, t) for n, t in ours.items() if n not in theirs]
    return problems


def check(oracle, tool, path):
    text = path.read_text()
    options, arguments = options_of(text)
    theirs, their_product, their_messages = oracle.run(
        ["-p2"] + options + ["-"] + arguments, script=text.encode(),
        system_calls="syscall" in text)
    ours = subprocess.run(
        [tool, "--phase=elaborate", "--kinds", "--kernel-build=" + oracle.build,
         "--compatible=" + stap_oracle.VERSION, "-I", str(TAPSETS)] + options + [str(path)] +
        arguments, capture_output=True, timeout=60)
    our_messages = ours.stderr.decode(errors="replace")
    problems = []
    if (theirs == 0) != (ours.returncode == 0):
        problems.append("stap %s, we %s\n%s" % (
            "accepts" if theirs == 0 else "refuses", "accept" if ours.returncode == 0 else "refuse",
            our_messages if theirs == 0 else their_messages))
    elif theirs == 0:
        problems += compare_types(parse_types(ours.stdout.decode(errors="replace"), text),
                                  parse_types(their_product, text))
    kinds = re.findall(r"^       kind: (\w+)$", our_messages, re.MULTILINE)
    if path.stem.startswith("fail_") != (ours.returncode == 1) or ours.returncode not in (0, 1):
        problems.append("exit status %d: its name says otherwise" % ours.returncode)
    elif ours.returncode == 1 and not any(path.stem.startswith("fail_%s_" % k) for k in kinds):
        problems.append("its name says what is wrong, but the kinds are " + ", ".join(kinds))
    on_purpose = text.startswith("#! ")
    if on_purpose and not problems:
        return ["it is said to differ, and does not"]
    return [] if on_purpose else problems


def main():
    tool, cache, *names = sys.argv[1:]
    if not stap_oracle.available():
        print("SKIP: no systemtap here")
        return 77
    oracle = stap_oracle.Oracle(cache)
    paths = sorted((HERE / "elaborate").rglob("*.stp"))
    if names:
        paths = [p for p in paths if p.stem in names]
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, problems in zip(paths, pool.map(lambda p: check(oracle, tool, p), paths)):
            if problems:
                failures += 1
                print("FAIL %s" % path.relative_to(HERE))
                print("\n".join("  " + line for p in problems for line in p.splitlines()[:12]))
    print("%d scripts, %d failures" % (len(paths), failures))
    return 1 if failures or not paths else 0


sys.exit(main())
