#!/usr/bin/env python3
"""What the system call tapset says of calls with known arguments.

usage: run.py STAP. Runs calls.py under `stap -c`, and looks for each line that it expects, in order,
in what the probes printed.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

CALLS = Path(__file__).resolve().parent / "calls.py"
NAMES = """access bind chmod close connect dup dup3 epoll_create epoll_ctl eventfd execve fcntl flock
    fstatat futex kill link lseek memfd_create mkdir mmap2 mprotect munmap nanosleep open openat pread
    prlimit64 read renameat2 rmdir rt_sigprocmask sendto socket stat truncate umask uname unlink unlinkat
    utimensat wait4 write""".split()


def script():
    """Prints a line a call; the entry keeps its half until the return."""
    lines = ["global entered"]
    for name in NAMES:
        lines.append(f"probe syscall.{name} {{ if (pid() == target())"
                     " entered[tid()] = sprintf(\"%s(%s)\", name, argstr) }")
        lines.append(f"probe syscall.{name}.return {{ if (tid() in entered) {{"
                     " printf(\"%s = %s\\n\", entered[tid()], retstr) delete entered[tid()] } }")
    return "\n".join(lines)


def missing_lines(expected, printed):
    """The expected lines that do not come in this order among the printed ones."""
    position, missing = 0, []
    for line in expected:
        try:
            position = printed.index(line, position) + 1
        except ValueError:
            missing.append(line)
    return missing


def main():
    stap = sys.argv[1]
    if os.geteuid() != 0:
        print("needs root")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        expected, printed = Path(folder, "expected"), Path(folder, "printed")
        command = f"{sys.executable} {CALLS} {expected} {folder}"
        done = subprocess.run([stap, "-o", printed, "-c", command, "-e", script()], text=True,
                              capture_output=True, timeout=120, check=False)
        if done.returncode != 0 or not expected.exists():
            print(f"stap: exit {done.returncode}\n{done.stdout}{done.stderr}")
            return 1
        wanted = expected.read_text().splitlines()
        lines = printed.read_text(errors="replace").splitlines()
    missing = missing_lines(wanted, lines)
    for line in missing:
        name = line.split("(")[0]
        print(f"not seen: {line}")
        for near in [other for other in lines if other.startswith(name + "(")][:4]:
            print(f"    instead, perhaps: {near}")
    print(f"{len(wanted) - len(missing)} of {len(wanted)} calls as expected")
    return 1 if missing or len(wanted) < 50 else 0


sys.exit(main())
