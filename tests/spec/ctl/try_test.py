#!/usr/bin/env python3
"""./dev try: what it shows is a recording of this host, and nothing is left of it."""

import hashlib
import os
import re
import signal
import subprocess
import unittest
from pathlib import Path

from instance import BIN, PATIENCE, main, wait_for

TRY = Path(__file__).resolve().parents[2] / "support/try.sh"


def left_over(root):
    """Of the instance below `root`: its folder, its processes and what it pinned."""
    processes = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes()
        except OSError:
            continue
        if f"--root={root}".encode() in command:
            processes.append(command)
    pins = "/sys/fs/bpf/stapd-" + hashlib.sha256(root.encode()).hexdigest()[:12]
    return processes + [place for place in (root, pins) if Path(place).exists()]


class Try(unittest.TestCase):
    def start(self):
        process = subprocess.Popen([TRY, BIN], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, start_new_session=True)
        self.addCleanup(process.stdout.close)
        first = process.stdout.readline()
        return process, re.search(r"--root=(\S+),", first)[1]

    def test_it_shows_a_recording(self):
        process, root = self.start()
        text = process.communicate(timeout=2 * PATIENCE)[0]
        self.assertEqual(process.returncode, 0, text)
        self.assertRegex(text, r"\nprograms +recording +\d+ ")
        self.assertRegex(text, r"\n *\d+ \S+ +starts: /\S+, by \d+ \S+\n")
        self.assertRegex(text, r"\n *\d+ \S+ +ends after \d+ ms: status \d+")
        self.assertRegex(text, r'cat +"/etc/no-such-file" = -2 \(ENOENT\)')
        self.assertRegex(text, r"stapctl: \d+ records? of the last 3s")
        self.assertIn("attach programs", text)
        self.assertEqual(left_over(root), [])

    def test_an_interrupt_leaves_nothing_behind(self):
        process, root = self.start()
        wait_for(lambda: "nobody looks" in process.stdout.readline(), "the work to begin")
        os.killpg(process.pid, signal.SIGINT)
        process.stdout.read()
        process.wait(PATIENCE)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(left_over(root), [])


if __name__ == "__main__":
    main()
