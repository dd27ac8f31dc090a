"""What other programs check: clang-format and shellcheck."""

import concurrent.futures
import os
import re
import subprocess

import sources

# Versions format differently; this is Debian 12's, and what .clang-format was written for.
CLANG_FORMAT_VERSION = "14"


class Skipped(Exception):
    """The check cannot be done here; the text says why."""


def run_in_batches(command, root, paths, size):
    """Runs `command PATHS...` over batches in parallel; returns the output of those that failed."""
    batches = [paths[start:start + size] for start in range(0, len(paths), size)]

    def run(batch):
        done = subprocess.run([*command, *map(str, batch)], cwd=root, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.stdout if done.returncode else ""

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return "".join(pool.map(run, batches))


def check_format(root):
    try:
        version = subprocess.run(["clang-format", "--version"], check=True, capture_output=True,
                                 text=True).stdout
    except FileNotFoundError as error:
        raise Skipped("clang-format is not installed") from error
    if not re.search(rf"version {CLANG_FORMAT_VERSION}\.", version):
        raise Skipped(f"the sources are formatted by clang-format {CLANG_FORMAT_VERSION}, "
                      f"here is: {version.strip()}")
    output = run_in_batches(["clang-format", "--dry-run", "-Werror"], root,
                            sources.cpp_files(root, {".cpp", ".h", ".c"}), 16)
    places = re.findall(r"^(\S+:\d+):\d+: error:", output, re.MULTILINE)
    if output and not places:
        return [output.strip()]
    return [f"{place}: not as clang-format writes it (./dev fmt)" for place in dict.fromkeys(places)]


def check_shell(root):
    # Not asked for: functions that are called through a variable (2317), and text in single quotes
    # that another shell is to expand (2016).
    command = ["shellcheck", "--format=gcc", "--external-sources", "--exclude=SC2016,SC2317"]
    faults = []
    for shell, paths in sources.shell_files(root).items():
        named = [f"--shell={shell}"] if shell else []
        faults += run_in_batches([*command, *named], root, paths, 4).strip().splitlines()
    return faults
