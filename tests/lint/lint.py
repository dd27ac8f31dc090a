#!/usr/bin/python3
"""Checks of the sources: lint.py CHECK | --list | --sources, for the tree in --root DIR."""

import argparse
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # the tree stays as it is

import check_includes
import check_paths
import check_sizes
import check_tools
import check_words
import sources

CHECKS = {
    "includes": check_includes.check,
    "sizes": check_sizes.check,
    "words": check_words.check,
    "paths": check_paths.check,
    "format": check_tools.check_format,
    "shell": check_tools.check_shell,
}
SKIPPED = 77  # what ctest takes for "skipped"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("check", nargs="?", choices=CHECKS)
    parser.add_argument("--root", default=Path(__file__).resolve().parent.parent.parent)
    parser.add_argument("--list", action="store_true", help="print the names of the checks")
    parser.add_argument("--sources", action="store_true", help="print the C++ files")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(CHECKS))
        return 0
    if arguments.sources:
        print("\n".join(map(str, sources.cpp_files(arguments.root, {".cpp", ".h", ".c"}))))
        return 0
    if arguments.check is None:
        parser.error("which check?")
    try:
        faults = CHECKS[arguments.check](arguments.root)
    except check_tools.Skipped as reason:
        print(f"{arguments.check}: {reason}")
        return SKIPPED
    print("\n".join(faults) if faults else f"{arguments.check}: nothing to complain about")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
