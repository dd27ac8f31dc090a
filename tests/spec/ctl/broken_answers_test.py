#!/usr/bin/env python3
"""stapctl beside a stapd that answers nonsense: one message, exit status 1, no crash, no hang."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from instance import BIN, PATIENCE, main

WAYS = ("other-type", "nothing", "hang-up", "no-files", "files", "pipes", "folders", "devices",
        "empty-files", "huge-sizes", "noise")


class BrokenAnswers(unittest.TestCase):
    def ask(self, how, *words):
        with tempfile.TemporaryDirectory() as root:
            Path(root, "run/stapd").mkdir(parents=True)
            daemon = subprocess.Popen([self.broken_stapd(), root, how], stdout=subprocess.PIPE)
            daemon.stdout.readline()
            try:
                return subprocess.run([BIN / "stapctl", f"--root={root}", *words],
                                      capture_output=True, text=True, timeout=PATIENCE, check=False)
            finally:
                daemon.kill()
                daemon.communicate()

    @staticmethod
    def broken_stapd():
        return BIN / "broken_stapd"

    def assert_one_message(self, result):
        self.assertEqual(result.returncode, 1, result)
        self.assertEqual(result.stdout, "")
        messages = [line for line in result.stderr.splitlines() if line.startswith("stapctl: ")]
        self.assertEqual(len(messages), 1, result.stderr)

    def test_dump_and_attach(self):
        for verb in ("dump", "attach"):
            for how in WAYS:
                with self.subTest(verb=verb, how=how):
                    self.assert_one_message(self.ask(how, verb, "x"))

    def test_list(self):
        for how in ("other-type", "noise"):
            with self.subTest(how=how):
                self.assert_one_message(self.ask(how, "list"))


if __name__ == "__main__":
    main()
