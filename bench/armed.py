"""A contender that is armed: one process, and how it is ended."""

import os
import signal
import subprocess
import time
from pathlib import Path

from method import Invalid


def memory_peak_kib(pid):
    """Peak resident memory of a process and its descendants that live, in KiB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    own = next((int(line.split()[1]) for line in status.splitlines()
                if line.startswith("VmHWM:")), 0)
    return own + sum(memory_peak_kib(int(child)) for child in children)


class ArmedProcess:
    """Owner of a contender's process; close() ends it in any case."""

    def __init__(self, command, output, stdin=subprocess.DEVNULL):
        self.output_path = Path(output)
        with open(output, "wb") as out:
            # A group of its own, so that ^C in the terminal reaches only the bench.
            self.process = subprocess.Popen(command, stdin=stdin, stdout=out,
                                            stderr=subprocess.STDOUT, start_new_session=True)

    def output(self):
        return self.output_path.read_text(errors="replace")

    def check_running(self, error_class):
        if self.process.poll() is not None:
            raise error_class(f"ended at once with status {self.process.returncode}: "
                              f"{self.output().strip()[-300:]}")

    def wait_until_output(self, text, seconds, error_class):
        deadline = time.monotonic() + seconds
        while text not in self.output():
            self.check_running(error_class)
            if time.monotonic() > deadline:
                raise error_class(f"did not say '{text}' in {seconds} s")
            time.sleep(0.01)

    def memory_peak_mib(self):
        return memory_peak_kib(self.process.pid) / 1024

    def stop(self, seconds=20):
        """Asks it to end as ^C does; what it was asked to print at its end is printed then."""
        if self.process.poll() is None:
            if self.process.stdin:
                self.process.stdin.close()
            else:
                os.kill(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Invalid(f"did not end within {seconds} s of being asked to") from None

    def finish(self, calls):
        """After the run: ends it, and sees that it did what it was measured for."""
        self.stop()

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
