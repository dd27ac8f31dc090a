#!/usr/bin/env python3
"""Handlers are atomic: two processes, each on a CPU of its own, run one handler that changes two globals
and an array; nobody ever sees them differ, and what did not get its locks in time is counted.

usage: atomic_test.py STAP
"""
import os
import re
import subprocess
import sys

SKIPPED = 77
SECONDS = 2

# Both processes call getppid() (system call 110) as fast as they can. `first` and `second` are always
# equal outside of a handler; `calls` is exact without any lock.
SCRIPT = """
global first, second, both, differ, calls
probe kernel.trace("sys_enter") {
  if ($id != 110) next
  calls <<< 1
  if (first != second || both["a"] != both["b"]) differ++
  first++
  both["a"]++
  second++
  both["b"]++
}
probe timer.ms(10) { if (first != second || both["a"] != both["b"]) differ++ }
probe timer.s(%d) { exit() }
probe end {
  printf("%%d %%d %%d %%d %%d %%d\\n", first, second, both["a"], both["b"], differ, @count(calls))
}
""" % SECONDS


def caller(cpu):
    """A process that calls getppid() on one CPU until it is ended."""
    program = f"import os\nos.sched_setaffinity(0, [{cpu}])\nf = os.getppid\nwhile True:\n f(); f(); f(); f()"
    return subprocess.Popen([sys.executable, "-c", program])


def run(stap, options):
    """The six numbers, and how many handlers were skipped."""
    cpus = sorted(os.sched_getaffinity(0))[:2]
    callers = [caller(cpu) for cpu in cpus]
    try:
        done = subprocess.run([stap, "-w", *options, "-e", SCRIPT], capture_output=True, text=True,
                              timeout=60, check=False)
    finally:
        for process in callers:
            process.kill()
            process.wait()
    skipped = re.search(r"skipped probes: (\d+)", done.stderr)
    print(done.stdout.strip(), "|", done.stderr.strip())
    return done, [int(n) for n in done.stdout.split()], int(skipped.group(1)) if skipped else 0


def main():
    stap = os.path.abspath(sys.argv[1])
    if os.geteuid() != 0 or len(os.sched_getaffinity(0)) < 2:
        print("needs root and two CPUs")
        return SKIPPED
    # With patience, and with next to none.
    for options in (["-D", "MAXSKIPPED=1000000000"],
                    ["-D", "MAXSKIPPED=1000000000", "-D", "MAXTRYLOCK=0"]):
        done, numbers, skipped = run(stap, options)
        if done.returncode != 0 or len(numbers) != 6:
            print(f"exit status {done.returncode}\n{done.stderr}")
            return 1
        first, second, a, b, differ, calls = numbers
        if differ or len({first, second, a, b}) != 1:
            print("the globals were seen to differ")
            return 1
        if calls < 1000 or first + skipped < calls:
            print("handlers are neither executed nor counted as skipped")
            return 1
    # With MAXSKIPPED=0 the first that is skipped ends the session.
    done, _, skipped = run(stap, ["-D", "MAXTRYLOCK=0", "-D", "MAXSKIPPED=0"])
    if skipped and (done.returncode == 0 or "ERROR: Skipped too many probes" not in done.stderr):
        print("MAXSKIPPED was exceeded, and the session went on")
        return 1
    return 0


sys.exit(main())
