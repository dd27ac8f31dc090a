"""Files of at most 500 lines, functions of at most 60; exceptions carry their reason."""

import json
import subprocess
from pathlib import Path

import sources

FILE_LINES = 500
FUNCTION_LINES = 60
CODE = {".cpp", ".h", ".c", ".def", ".py", ".sh"}
ALLOWED = Path("tests/lint/allowed_sizes.txt")


def long_files(root, paths):
    for path in paths:
        lines = Path(root, path).read_bytes().count(b"\n")
        if lines > FILE_LINES:
            yield str(path), f"{path}: {lines} lines, more than {FILE_LINES}"


def long_functions(root, paths):
    """By universal-ctags, whose `end` field is a function's last line. Headers are C++ here."""
    if not paths:
        return
    tags = subprocess.run(
        ["ctags", "--quiet", "--output-format=json", "--fields=+ne", "--langmap=C++:+.h",
         "--languages=C,C++,Python", "--kinds-C=f", "--kinds-C++=f", "--kinds-Python=fm",
         "-L", "-", "-f", "-"],
        input="\n".join(str(path) for path in paths), cwd=root, check=True, text=True,
        capture_output=True).stdout
    for tag in map(json.loads, tags.splitlines()):
        lines = tag.get("end", tag["line"]) - tag["line"] + 1
        if lines > FUNCTION_LINES:
            yield (f"{tag['path']}:{tag['name']}",
                   f"{tag['path']}:{tag['line']}: {tag['name']} has {lines} lines, "
                   f"more than {FUNCTION_LINES}")


def check(root):
    faults = []
    allowed = sources.read_allowed(root, ALLOWED, faults)
    paths = [path for path in sources.all_files(root)
             if path.suffix in CODE and not sources.is_data(path)]
    used = set()
    for key, fault in [*long_files(root, paths), *long_functions(root, paths)]:
        if key in allowed:
            used.add(key)
        else:
            faults.append(fault)
    faults += [f"{ALLOWED}: {key} is not too long any more: take the line out"
               for key in allowed if key not in used]
    return faults
