#!/usr/bin/env python3
"""The shipped profiles `signals`, `removals` and `refused`: what somebody who is called at night asks them.
`opens` and `programs` have tests of their own (opens_test.py, tests/systemd/stapd.test)."""

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from instance import PATIENCE, InstanceTest, main, wait_for

CONF_D = Path(__file__).resolve().parents[3] / "conf.d"


class ShippedProfiles(InstanceTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for profile in ("signals", "removals", "refused"):
            for file in CONF_D.glob(f"{profile}.*"):
                shutil.copy(file, cls.stapd.root / "etc/stapd/conf.d")

    def start(self, profile):
        result = self.stapd.ctl("start", profile)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.addCleanup(self.stapd.ctl, "stop", profile)

    def lines(self, profile, pid):
        """What it has of a process, without the process."""
        shown = [line.split(maxsplit=1) for line in self.stapd.ctl("dump", profile).stdout.splitlines()]
        return [line[1].split(maxsplit=1)[1] for line in shown if line[0] == str(pid)]

    def wait_for_lines(self, profile, pid, expected):
        wait_for(lambda: self.lines(profile, pid) == expected, f"{expected}, not {self.lines(profile, pid)}")

    def test_signals(self):
        self.start("signals")
        with subprocess.Popen(["sleep", "1000"]) as sleeper:
            # It closes its side of Popen()'s pipe before it has its new name.
            comm = Path(f"/proc/{sleeper.pid}/comm")
            wait_for(lambda: comm.read_text() == "sleep\n", "its name")
            for number in (signal.SIGCHLD, signal.SIGWINCH, signal.SIGSTOP, 40, signal.SIGTERM, signal.SIGKILL):
                sleeper.send_signal(number)
            sleeper.wait(PATIENCE)
        to = f"to {sleeper.pid} sleep"
        # SIGWINCH is ignored.
        self.wait_for_lines("signals", os.getpid(), [f"sends SIGSTOP {to}", f"sends SIGRTMIN+8 {to}",
                                                     f"sends SIGTERM {to}", f"sends SIGKILL {to}"])

    def test_removals(self):
        self.start("removals")
        folder = self.stapd.root / "removals"
        (folder / "inner").mkdir(parents=True)
        (folder / "one").touch()
        os.rename(folder / "one", folder / "two")
        os.unlink(folder / "two")
        os.rmdir(folder / "inner")
        folder_fd = os.open(folder, os.O_RDONLY)
        for remove in (lambda: os.unlink(folder / "none"), lambda: os.unlink("none", dir_fd=folder_fd),
                       lambda: os.rename("none", "other", src_dir_fd=folder_fd, dst_dir_fd=folder_fd)):
            self.assertRaises(FileNotFoundError, remove)
        os.close(folder_fd)
        self.wait_for_lines("removals", os.getpid(), [
            f'rename("{folder}/one", "{folder}/two") = 0', f'unlink("{folder}/two") = 0',
            f'rmdir("{folder}/inner") = 0', f'unlink("{folder}/none") = -2 (ENOENT)',
            f'unlinkat({folder_fd}, "none", 0x0) = -2 (ENOENT)',
            f'renameat({folder_fd}, "none", {folder_fd}, "other") = -2 (ENOENT)'])

    def test_refused(self):
        self.start("refused")
        program = ["python3", "-c", """
import os, sys
for refused in (lambda: open("/etc/shadow"), lambda: os.kill(1, 9), lambda: open("/no/such/file")):
    try: refused()
    except OSError: pass
"""]
        with subprocess.Popen(program, user="nobody", group="nogroup", extra_groups=[]) as refused:
            refused.wait(PATIENCE)
        nobody = f"of user {pwd.getpwnam('nobody').pw_uid}"
        expected = [f"{nobody}: openat = -13 (EACCES)", f"{nobody}: kill = -1 (EPERM)"]
        wait_for(lambda: [line for line in self.lines("refused", refused.pid) if line in expected] == expected,
                 f"{expected}, not {self.lines('refused', refused.pid)}")
        self.assertFalse([line for line in self.lines("refused", refused.pid) if "ENOENT" in line])


if __name__ == "__main__":
    main()
