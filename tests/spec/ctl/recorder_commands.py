"""stap -F and staprun as tests use them: sessions of an instance of their own, gone with the test."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from instance import BIN, PATIENCE, wait_for

# getpgid() of processes that cannot exist.
# Each test process has a million numbers of its own, behind those of processes and before
# instance.FIRST_NUMBER: the tests run side by side, and a probe sees the whole host.
FIRST = 1_000_000 * (5 + os.getpid() % 94)
NUMBERS = (f"probe syscall.getpgid {{ if (pid >= {FIRST} && pid < {FIRST + 1_000_000}) "
           f"printf(\"%d\\n\", pid - {FIRST}) }} ")
END = 'probe end { println("the end") } '
FAREWELL = 'Disconnecting from systemtap module.\nTo reconnect, type "staprun {}-A {}"\n'


def produce(numbers, cpu=None):
    """Makes a record of each number, on one CPU: so they are in order."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before) if cpu is None else cpu})
    for number in numbers:
        try:
            os.getpgid(FIRST + number)
        except ProcessLookupError:
            pass
    os.sched_setaffinity(0, before)


def state_of(pid):
    """The letter of /proc/PID/stat; Z when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return "Z"


def is_gone(pid):
    return state_of(pid) == "Z"


class RecorderTest(unittest.TestCase):
    """Every test has a root, and leaves neither pins nor processes."""

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="stapd-test.")
        self.addCleanup(self.clean_up)
        self.pins = Path("/sys/fs/bpf/stapd-" +
                         hashlib.sha256(os.path.realpath(self.root).encode()).hexdigest()[:12])
        self.folder = f"{self.root}/out"
        os.mkdir(self.folder)

    def clean_up(self):
        for holder in self.holders():
            self.terminate(holder)
        self.staprun("-d", "*")
        shutil.rmtree(self.root)
        self.assertFalse(self.pins.exists(), f"{self.pins} is left")
        self.assertEqual(self.holders(), [])

    def holders(self):
        """Processes that hold sessions of this root."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().decode().split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if f"--root={self.root}" in words and not is_gone(process.name):
                found.append(int(process.name))
        return found

    def command(self, program, words):
        return [str(BIN / program), f"--root={self.root}", *map(str, words)]

    def run_program(self, program, words, **options):
        options = {"capture_output": True, "text": True, "timeout": PATIENCE, "check": False,
                   "stdin": subprocess.DEVNULL, "cwd": self.folder, **options}
        return subprocess.run(self.command(program, words), **options)

    def stap(self, *words, **options):
        return self.run_program("stap", words, **options)

    def staprun(self, *words, **options):
        return self.run_program("staprun", words, **options)

    def open(self, program, *words, **options):
        """In the background; its stdout and stderr are pipes."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True,
                   "cwd": self.folder, **options}
        process = subprocess.Popen(self.command(program, words), **options)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def farewell(self, name):
        return FAREWELL.format(f"--root={self.root} ", name)

    def record(self, name, script, *words):
        """stap -F: leaves a session of this name recording."""
        result = self.stap("-F", "-m", name, *words, "-e", script)
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (0, "", self.farewell(name)))

    def record_files(self, name, script, *words, **options):
        """stap -F -o: the pid of who writes."""
        result = self.stap("-F", "-m", name, *words, "-e", script, **options)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"^\d+\n$")
        return int(result.stdout)

    def terminate(self, pid):
        """Ends who writes files, and waits for it."""
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: is_gone(pid), "the process to end")

    def sessions(self):
        """Names of what is pinned."""
        folder = self.pins / "sessions"
        return sorted(os.listdir(folder)) if folder.exists() else []

    def attach(self, name, *words, until=None, by=signal.SIGINT):
        """staprun -A, which gets this signal when it has shown `until` lines: exit status, lines of
        its output, stderr."""
        process = self.open("staprun", "-A", *words, name)
        lines = []
        while until is not None and len(lines) < until:
            line = process.stdout.readline()
            self.assertTrue(line, process.stderr.read() if process.poll() is not None else "")
            lines.append(line.rstrip("\n"))
        if until is not None:
            process.send_signal(by)
        # Not by communicate(), which does not know what was read ahead of the lines.
        lines += process.stdout.read().splitlines()
        err = process.stderr.read()
        return process.wait(PATIENCE), lines, err

    def files(self):
        return sorted(os.listdir(self.folder))

    def text(self, name):
        return Path(self.folder, name).read_text(encoding="utf-8")

    def numbers_of(self, *names):
        return [int(line) for name in names for line in self.text(name).split("\n")
                if re.fullmatch(r"\d+", line)]
