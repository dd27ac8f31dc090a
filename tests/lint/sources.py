"""Which files the checks look at, and what they have in common when reading them."""

import os
import re
from pathlib import Path

SKIPPED = {"build", ".git", ".cache", "__pycache__"}  # .git is a file in a worktree
CPP = {".cpp", ".h", ".c", ".def"}
# Test data is what it is: scripts, recordings and expected outputs follow no convention of ours.
DATA_FOLDERS = ("tests/golden", "tests/fuzz/corpus", "tests/fixtures")


def all_files(root):
    """Every file of the tree as a path relative to `root`, in a stable order."""
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if name not in SKIPPED)
        for name in sorted(names):
            if name not in SKIPPED:
                yield Path(folder, name).relative_to(root)


def is_data(path):
    return str(path).startswith(tuple(folder + "/" for folder in DATA_FOLDERS))


def cpp_files(root, suffixes=frozenset(CPP)):
    return [path for path in all_files(root) if path.suffix in suffixes and not is_data(path)]


def shell_of(root, path):
    """The shell that runs a file: "", when the file says so itself, None when it is no script."""
    name = str(path)
    if name.startswith("tests/systemd/") and path.suffix in (".test", ".host"):
        return "bash"
    if name.startswith("tests/kernel/") and path.suffix == ".test":
        return "dash"  # nearest to busybox's
    if path.suffix == ".sh":
        return ""
    if path.suffix == "":
        with open(Path(root, path), "rb") as file:
            first = file.readline()
        if re.match(rb"#! ?/bin/(ba)?sh|#!/usr/bin/env bash", first):
            return ""
        if first.startswith(b"#!/bin/busybox sh"):
            return "dash"
    return None


def shell_files(root):
    """shell -> files."""
    found = {}
    for path in all_files(root):
        shell = None if is_data(path) else shell_of(root, path)
        if shell is not None:
            found.setdefault(shell, []).append(path)
    return found


def read_text(root, path):
    """The text of a file, or None when it is not text."""
    data = Path(root, path).read_bytes()
    if b"\0" in data:
        return None
    return data.decode("utf-8", errors="replace")


_NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/'
    r'|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])*'", re.DOTALL)


def code_only(text):
    """C++ with comments and literals blanked; line numbers stay."""
    return _NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def read_allowed(root, allowed_file, faults):
    """key -> reason, from lines `KEY  reason in words`. An entry without a reason is a fault."""
    allowed = {}
    path = Path(root, allowed_file)
    if not path.is_file():
        return allowed
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        key, _, reason = line.partition(" ")
        if not reason.strip():
            faults.append(f"{allowed_file}:{number}: {key} has no reason")
        allowed[key] = reason.strip()
    return allowed


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
