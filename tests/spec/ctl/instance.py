"""A stapd of a test's own: profiles in a temporary root, the daemon, and stapctl talking to it."""

import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SKIPPED = 77
PATIENCE = 60  # s; on a loaded host everything is slow, and only a test that hangs comes this far

sys.dont_write_bytecode = True
BIN = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None

# getpgid() of a process that cannot exist: what the system call is given becomes a record. Every
# test process has numbers of its own, since tests run side by side and a probe sees the whole host.
NUMBERS = 40_000_000
FIRST_NUMBER = 100_000_000 + random.randrange(50) * NUMBERS
IS_NUMBER = f"pid >= {FIRST_NUMBER} && pid < {FIRST_NUMBER + NUMBERS}"
NUMBERS_SCRIPT = f"""
probe syscall.getpgid {{ if ({IS_NUMBER}) printf("%d\\n", pid - {FIRST_NUMBER}) }}
probe end {{ println("the end") }}
"""


def main():
    """Runs the tests of the calling module; skips them where they cannot run."""
    if os.geteuid() != 0 or not Path("/sys/kernel/btf/vmlinux").exists():
        print("needs root and a kernel with BTF")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])


def produce(numbers, pause=0.0):
    """Makes a record of each number."""
    for number in numbers:
        try:
            os.getpgid(FIRST_NUMBER + number)
        except ProcessLookupError:
            pass
        if pause:
            time.sleep(pause)


def run_as_nobody(program, *words):
    """stap or stapctl without root, from a place that everybody can reach."""
    with tempfile.TemporaryDirectory(prefix="stapd-test.") as place:
        os.chmod(place, 0o755)
        Path(place, "bin").mkdir()
        shutil.copy(BIN / "stapctl", f"{place}/bin/stapctl")
        for name in ("stap", "staprun"):
            Path(place, "bin", name).symlink_to("stapctl")
        shutil.copytree(BIN.parents[2] / "tapsets", f"{place}/share/stapd/tapsets")
        return subprocess.run([f"{place}/bin/{program}", *words], capture_output=True, text=True,
                              timeout=PATIENCE, check=False, user="nobody", group="nogroup",
                              cwd="/")


class Producer:
    """Another process that produces numbers from `first` on, on one CPU, until it is stopped."""

    CODE = """
import os, signal, sys, time
first, cpu = int(sys.argv[1]), int(sys.argv[2])
os.sched_setaffinity(0, {cpu})
number, go_on = first, True
def stop(*_):
    global go_on
    go_on = False
signal.signal(signal.SIGTERM, stop)
print("started", flush=True)
while go_on:
    try: os.getpgid(%d + number)
    except ProcessLookupError: pass
    number += 1
    time.sleep(0.0005)
print(number - first)
""" % FIRST_NUMBER

    def __init__(self, first, cpu):
        self.first = first
        self.process = subprocess.Popen([sys.executable, "-c", self.CODE, str(first), str(cpu)],
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def stop(self):
        """How many numbers it produced."""
        self.process.terminate()
        return int(self.process.communicate(timeout=PATIENCE)[0])


def wait_for(condition, what, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.02)
    raise AssertionError(f"waited {patience} s for: {what}")


class Instance:
    def __init__(self):
        self.root = Path(tempfile.mkdtemp(prefix="stapd-test."))
        self.daemon = None
        for folder in ("conf.d", "script.d"):
            (self.root / "etc/stapd" / folder).mkdir(parents=True)

    def add(self, name, script, profile=""):
        """A session; `profile` is what stands in it besides its script."""
        etc = self.root / "etc/stapd"
        (etc / "script.d" / f"{name}.stp").write_text(script)
        (etc / "conf.d" / f"{name}.conf").write_text(f"[Session]\nScript={name}.stp\n{profile}\n")

    def start(self):
        with open(self.root / "log", "a", encoding="utf-8") as log:
            self.daemon = subprocess.Popen([BIN / "stapd", f"--root={self.root}", "--bus=none"],
                                           stdout=log, stderr=log)
        try:
            wait_for(lambda: self.ctl("list").returncode == 0, "stapd to answer")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.whereabouts()}") from error

    def whereabouts(self):
        """What the daemon said, and where in the kernel each of its threads is."""
        threads = [f"{path}:\n{path.read_text()}" for path in Path(f"/proc/{self.daemon.pid}/task").glob("*/stack")]
        return "\n".join([(self.root / "log").read_text(), *threads])

    def wait_until_records(self, *names):
        for name in names:
            wait_for(lambda name=name: self.state(name) != "starting", f"{name} to start")
            assert self.state(name) == "recording", self.ctl("status", name).stdout

    def kill(self):
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait(PATIENCE)

    def remove_pins(self):
        """As somebody would who empties /sys/fs/bpf."""
        number = hashlib.sha256(os.path.realpath(self.root).encode()).hexdigest()[:12]
        shutil.rmtree(f"/sys/fs/bpf/stapd-{number}")

    def close(self):
        """Ends every session and the daemon; nothing is left."""
        if self.daemon and self.daemon.poll() is None:
            self.ctl("stop", "--all")
            self.daemon.terminate()
            self.daemon.wait(PATIENCE)
        shutil.rmtree(self.root)

    def command(self, *words):
        return [str(BIN / "stapctl"), f"--root={self.root}", *map(str, words)]

    def ctl(self, *words, **options):
        return subprocess.run(self.command(*words), capture_output=True, text=True,
                              timeout=PATIENCE, check=False, **options)

    def open_ctl(self, *words, **options):
        """stapctl in the background; its stdout and stderr are pipes."""
        return subprocess.Popen(self.command(*words), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, **options)

    def rows(self):
        """What `list` shows: {session: {column: text}}."""
        lines = self.ctl("list").stdout.splitlines()
        names = lines[0].split()
        return {line.split()[0]: dict(zip(names, line.split())) for line in lines[1:]}

    def state(self, name):
        return self.rows().get(name, {}).get("STATE")

    def ledger(self, name):
        """(all, kept, overwritten, dropped) as `dump` says."""
        text = self.ctl("dump", name).stderr
        found = re.search(r"(\d+) records?: (\d+) kept, (\d+) overwritten, (\d+) dropped", text)
        return tuple(map(int, found.groups()))


class InstanceTest(unittest.TestCase):
    """Tests that share one stapd; `profiles` is {name: (script, profile)}."""

    profiles = {}

    @classmethod
    def setUpClass(cls):
        cls.stapd = Instance()
        cls.addClassCleanup(cls.stapd.close)
        for name, (script, profile) in cls.profiles.items():
            cls.stapd.add(name, script, profile)
        cls.stapd.start()

    def assert_says(self, result, status, *texts):
        """Exit status, and one message on stderr that has these words; nothing on stdout."""
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout, "")
        for text in texts:
            self.assertEqual(result.stderr.count(text), 1, result.stderr)
