"""Ourselves as a contender: scripts that record, and a stapd of our own."""

import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from armed import ArmedProcess
from method import Invalid, Skip
from peers import EMPTY
from producer import FUNCTION

RECORD = r'printf("%d %d %d %s\n", pid(), tid(), uid(), execname())'
COUNT_BY_NAME = "counts[execname()]++"
STATISTIC_BY_NAME = "counts[execname()] <<< 1"
COUNT_BY_NAME_AND_PID = "counts[execname(), pid()]++"
LOCKED = "first++ second += first"
# What was counted, said when the script ends.
SHOW_COUNTS = {
    COUNT_BY_NAME: r'foreach (name in counts) printf("%s: %d\n", name, counts[name])',
    STATISTIC_BY_NAME: r'foreach (name in counts) printf("%s: %d\n", name, @count(counts[name]))',
    COUNT_BY_NAME_AND_PID:
        r'foreach ([name, pid] in counts) printf("%s: %d\n", name, counts[name, pid])',
}


def require_built(bin_folder, *programs):
    for program in programs:
        if not (bin_folder / program).exists():
            raise Skip(f"{program} is not built")


def probe_point(hook, producer):
    return {"syscall": 'kernel.trace("sys_enter")',
            "call": f'process("{producer.path}").function("{FUNCTION}")'}[hook]


def script(hook, producer, statement):
    text = f"probe {probe_point(hook, producer)} {{ {statement} }}\n"
    if statement == LOCKED:
        text = ("global first, second\n" + text +
                r'probe end { printf("bench_producer: %d %d\n", first, second) }' + "\n")
    if statement in SHOW_COUNTS:
        text = f"global counts\n{text}probe end {{ {SHOW_COUNTS[statement]} }}\n"
    return text


def make_root(scratch, scripts, settings=""):
    """The folder of a stapd of our own, with a profile for each of `scripts` (name -> text)."""
    root = Path(tempfile.mkdtemp(prefix="stapd-", dir=scratch))
    for folder in ("conf.d", "script.d"):
        (root / "etc/stapd" / folder).mkdir(parents=True)
    for name, text in scripts.items():
        (root / f"etc/stapd/script.d/{name}.stp").write_text(text)
        (root / f"etc/stapd/conf.d/{name}.conf").write_text(
            f"[Session]\nScript={name}.stp\n{settings}")
    return root


def start_stapd(bin_folder, root, output):
    require_built(bin_folder, "stapd", "stapctl")
    armed = ArmedSession([bin_folder / "stapd", f"--root={root}", "--bus=none"], output)
    armed.stapctl = [bin_folder / "stapctl", f"--root={root}"]
    return armed


class Recording:
    """A script that records into memory while nobody reads: `stap` is stopped as soon as it is armed,
    since the recording needs it no more than it needs a daemon."""

    def __init__(self, name, statement, bin_folder, scratch, producer, options=()):
        self.name = name
        self.statement = statement
        self.bin_folder = bin_folder
        self.scratch = scratch
        self.producer = producer
        self.options = options

    def zero(self, _hook):
        return EMPTY

    def arm(self, hook):
        require_built(self.bin_folder, "stap")
        text = script(hook, self.producer, self.statement) + 'probe begin { println("armed") }\n'
        armed = ArmedRecording([self.bin_folder / "stap", *self.options, "-e", text],
                               self.scratch / f"{self.name}.out")
        armed.wait_until_output("armed", 20, Skip)
        os.kill(armed.process.pid, signal.SIGSTOP)
        return armed


class Disarmed(Recording):
    """A probe whose condition does not hold."""

    def arm(self, hook):
        require_built(self.bin_folder, "stap")
        text = (f"global wanted = 0\nprobe {probe_point(hook, self.producer)} if (wanted) "
                f'{{ {self.statement} }}\nprobe begin {{ println("armed") }}\n')
        armed = ArmedNothing([self.bin_folder / "stap", "-w", "-e", text],
                             self.scratch / f"{self.name}.out")
        armed.wait_until_output("armed", 20, Skip)
        os.kill(armed.process.pid, signal.SIGSTOP)
        return armed


class ArmedNothing(ArmedProcess):
    def finish(self, _calls):
        os.kill(self.process.pid, signal.SIGCONT)
        self.stop()
        if self.output() != "armed\n":
            raise Invalid(f"recorded, or failed: {self.output().strip()[-200:]}")


class ArmedRecording(ArmedProcess):
    def finish(self, calls):
        os.kill(self.process.pid, signal.SIGCONT)
        self.stop()
        counts = re.findall(r"^bench_producer: (\d+)$", self.output(), re.MULTILINE)
        if counts:
            counted = sum(map(int, counts))
            if counted < calls:
                raise Invalid(f"counted {counted} of {calls}: armed too late")
        elif "bench_producer" not in self.output():
            raise Invalid(f"recorded nothing of {calls} calls: {self.output().strip()[-200:]}")


class ArmedSession(ArmedProcess):
    """Ending stapd leaves its sessions recording, which is what it is for: they are stopped first."""

    stapctl = None

    def control(self, *words):
        return subprocess.run([*self.stapctl, *words], capture_output=True, text=True, check=False)

    def wait_until_listed(self, session, seconds):
        deadline = time.monotonic() + seconds
        while (answer := self.control("status", session)).returncode != 0:
            self.check_running(Skip)
            if time.monotonic() > deadline:
                raise Skip(f"stapctl status {session}: {answer.stderr.strip()}")
            time.sleep(0.02)

    def close(self):
        if self.process.poll() is None:
            self.control("stop", "--all")
        super().close()


def all_ours(bin_folder, scratch, producer):
    statements = {"our record": RECORD, "our count by name": COUNT_BY_NAME,
                  "our statistic by name": STATISTIC_BY_NAME,
                  "our count by name, pid": COUNT_BY_NAME_AND_PID,
                  "our two counters": LOCKED}
    recordings = [Recording(name, statement, bin_folder, scratch, producer)
                  for name, statement in statements.items()]
    return [*recordings, Disarmed("our disarmed probe", RECORD, bin_folder, scratch, producer),
            Recording("our record without time", RECORD, bin_folder, scratch, producer,
                                   ["-D", "STAPD_NO_TIME=1"])]
