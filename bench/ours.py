"""Ourselves as a contender: sessions of a stapd of our own, and `stap` for the start-up."""

import subprocess
import tempfile
import time
from pathlib import Path

from armed import ArmedProcess
from method import Invalid, Skip
from peers import EMPTY
from producer import FUNCTION

RECORD = r'printf("%d %d %d %s\n", pid(), tid(), uid(), execname())'
COUNT_BY_NAME = "counts[execname()] <<< 1"
COUNT_BY_NAME_AND_PID = "counts[execname(), pid()] <<< 1"
# The profile's line by which records carry no time; None while there is none.
PROFILE_WITHOUT_TIME = None


def require_built(bin_folder, *programs):
    for program in programs:
        if not (bin_folder / program).exists():
            raise Skip(f"{program} is not built")


def probe_point(hook, producer):
    return {"syscall": 'kernel.trace("sys_enter")',
            "call": f'process("{producer.path}").function("{FUNCTION}")'}[hook]


def script(hook, producer, statement):
    declaration = "global counts\n" if "counts" in statement else ""
    return f"{declaration}probe {probe_point(hook, producer)} {{ {statement} }}\n"


def make_root(scratch, scripts, profile_lines=""):
    """The folder of a stapd of our own, with a profile for each of `scripts` (name -> text)."""
    root = Path(tempfile.mkdtemp(prefix="stapd-", dir=scratch))
    for folder in ("conf.d", "script.d"):
        (root / "etc/stapd" / folder).mkdir(parents=True)
    for name, text in scripts.items():
        (root / f"etc/stapd/script.d/{name}.stp").write_text(text)
        (root / f"etc/stapd/conf.d/{name}.conf").write_text(
            f"[Session]\nScript={name}.stp\n{profile_lines}")
    return root


def start_stapd(bin_folder, root, output):
    require_built(bin_folder, "stapd", "stapctl")
    armed = ArmedSession([bin_folder / "stapd", f"--root={root}", "--bus=none"], output)
    armed.stapctl = [bin_folder / "stapctl", f"--root={root}"]
    return armed


class Session:
    """A script recording in memory under stapd, while nobody reads."""

    def __init__(self, name, statement, bin_folder, scratch, producer, profile_lines=""):
        self.name = name
        self.statement = statement
        self.bin_folder = bin_folder
        self.scratch = scratch
        self.producer = producer
        self.profile_lines = profile_lines

    def zero(self, _hook):
        return EMPTY

    def arm(self, hook):
        if self.profile_lines is None:
            raise Skip("a profile cannot ask for it yet")
        text = script(hook, self.producer, self.statement)
        root = make_root(self.scratch, {"bench": text}, self.profile_lines)
        armed = start_stapd(self.bin_folder, root, self.scratch / f"{self.name}.out")
        armed.records = "printf" in self.statement
        armed.wait_until_listed("bench", 20)
        return armed


class ArmedSession(ArmedProcess):
    """Ending stapd leaves its sessions recording, which is what it is for: they are stopped first."""

    stapctl = None
    records = False  # what is recorded is looked at before the session ends

    def control(self, *words):
        return subprocess.run([*self.stapctl, *words], capture_output=True, text=True, check=False)

    def wait_until_listed(self, session, seconds):
        deadline = time.monotonic() + seconds
        while (answer := self.control("status", session)).returncode != 0:
            self.check_running(Skip)
            if time.monotonic() > deadline:
                raise Skip(f"stapctl status {session}: {answer.stderr.strip()}")
            time.sleep(0.02)

    def finish(self, calls):
        kept = self.control("dump", "bench", "--last", "10s") if self.records else None
        stopped = self.control("stop", "bench")
        self.stop()
        if stopped.returncode != 0:
            raise Invalid(f"stapctl stop: {stopped.stderr.strip()}")
        if kept and "bench_producer" not in kept.stdout:
            raise Invalid(f"recorded nothing of {calls} calls: {kept.stderr.strip()[-200:]}")

    def close(self):
        if self.process.poll() is None:
            self.control("stop", "--all")
        super().close()


def all_ours(bin_folder, scratch, producer):
    statements = {"our record": RECORD, "our count by name": COUNT_BY_NAME,
                  "our count by name, pid": COUNT_BY_NAME_AND_PID}
    sessions = [Session(name, statement, bin_folder, scratch, producer)
                for name, statement in statements.items()]
    return [*sessions, Session("our record without time", RECORD, bin_folder, scratch, producer,
                               PROFILE_WITHOUT_TIME)]
