#!/usr/bin/env python3
"""Every .stp and .stpm file that SystemTap brings, through our parser and through `stap -p1`: both
must accept, or both must refuse; and the trees they print must be the same text. The files are
read where the package put them.

usage: parse_test.py TRANSLATE_FOR_TESTS CACHE_FOLDER [FILE...]
"""
import concurrent.futures
import difflib
import pathlib
import re
import shlex
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import stap_oracle


def script_arguments(path):
    """What the example's .meta file passes to the script, and the folders it wants searched."""
    meta = path.with_suffix(".meta")
    arguments, folders = [], []
    if not meta.exists():
        return arguments, folders
    for line in meta.read_text(errors="replace").splitlines():
        match = re.match(r"test_(check|installcheck):\s*(.*)", line)
        if not match or path.name not in match[2]:
            continue
        try:
            words = shlex.split(re.sub(r"`[^`]*`|\$\([^)]*\)", "1", match[2]))
        except ValueError:
            continue
        behind = words[words.index(path.name) + 1:] if path.name in words else []
        skip = False
        for word in behind:
            if skip or word in ("-c", "-x", "-d", "-o", "-G", "-D", "-T"):
                skip = not skip
            elif not word.startswith("-") and not re.match(r"^[<>|&;]", word):
                arguments.append("1" if "$" in word else word)
        folders = [w[2:] for w in words if w.startswith("-I") and len(w) > 2]
        break
    return arguments, [str((path.parent / f).resolve()) for f in folders]


def printed_tree(text):
    """The lines of a tree, without the file's name, and without what `stap -p1` leaves out of it:
    an alias's epilogue behind its prologue."""
    lines, nesting = [], 0
    for line in text.splitlines():
        if nesting > 0:
            nesting += line.endswith("{") - line.startswith("}")
        elif line == "}, {":
            nesting = 1
            lines.append("}")
        elif not line.startswith("# file "):
            lines.append(line)
    return lines


def verdicts(oracle, tool, path):
    arguments, folders = script_arguments(path)
    includes = [word for folder in folders for word in ("-I", folder)]
    theirs, their_tree, their_errors = oracle.run(["-g", "-p1"] + includes + ["-"] + arguments,
                                         script=path.read_bytes())
    ours = subprocess.run(
        [tool, "--phase=parse", "-g", "--kernel-build=" + oracle.build,
         "--compatible=" + stap_oracle.VERSION] + includes + ["-I", stap_oracle.TAPSET, str(path)] +
        arguments, capture_output=True, timeout=60)
    difference = difflib.unified_diff(printed_tree(their_tree),
                                      printed_tree(ours.stdout.decode(errors="replace")),
                                      lineterm="", n=0)
    return (path, theirs == 0, ours.returncode == 0, their_errors,
            ours.stderr.decode(errors="replace"), list(difference))


def main():
    tool, cache = sys.argv[1:3]
    if not stap_oracle.available():
        print("SKIP: no systemtap here")
        return 77
    oracle = stap_oracle.Oracle(cache)
    if len(sys.argv) > 3:
        paths = [pathlib.Path(p) for p in sys.argv[3:]]
    else:
        paths = sorted(p for root in (stap_oracle.TAPSET, stap_oracle.EXAMPLES)
                       for p in pathlib.Path(root).rglob("*") if p.suffix in (".stp", ".stpm"))
    different, accepted, other_tree = 0, 0, 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, theirs, ours, their_errors, our_errors, difference in pool.map(
                lambda p: verdicts(oracle, tool, p), paths):
            accepted += theirs
            if theirs and ours and difference:
                other_tree += 1
                print("%s: other tree\n%s" % (path, "\n".join(difference[:6])))
            if theirs == ours:
                continue
            different += 1
            print("%s: stap %s, we %s" % (path, "accepts" if theirs else "refuses",
                                          "accept" if ours else "refuse"))
            print("\n".join((our_errors if theirs else their_errors).splitlines()[:8]))
    print("%d files, %d accepted by stap, %d verdicts differ, %d trees differ" %
          (len(paths), accepted, different, other_tree))
    return 1 if different or other_tree or not paths else 0


sys.exit(main())
