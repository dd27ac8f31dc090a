#!/usr/bin/env python3
"""stapctl read: recordings in files, whole or damaged, without stapd, root and tapsets."""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
BIN = Path(sys.argv[1]).resolve()
# Two files: 300 records `value N TEXT`, one of bytes, a histogram, and one that fits no format.
FIXTURE = Path(__file__).resolve().parents[2] / "fixtures/recording_v1"
VALUES = [f"value {n} {chr(ord('a') + n % 26) * (n % 23)}" for n in range(300)]


class Read(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="stapd-test.")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for number in (0, 1):
            (self.folder / f"rec.{number}").write_bytes((FIXTURE / f"rec.{number}").read_bytes())

    def read(self, *words, status=0):
        environment = {"TZ": "UTC", "PATH": "/nonexistent"}
        result = subprocess.run([BIN / "stapctl", "read", *map(str, words)], capture_output=True,
                                text=True, check=False, timeout=60, cwd=self.folder,
                                env=environment)
        self.assertEqual(result.returncode, status, result.stderr)
        return result

    def values(self, *words, status=0):
        """The records `value N ...` that are shown."""
        return [line for line in self.read(*words, status=status).stdout.splitlines()
                if line.startswith("value ")]

    def test_a_set_in_any_order_and_by_its_name(self):
        for words in (["rec.0", "rec.1"], ["rec.1", "rec.0"], ["rec"], ["rec", "rec.0"]):
            self.assertEqual(self.values(*words), VALUES)
        text = self.read("rec").stderr
        self.assertIn("sample on host: 303 records here, 303 written, 7 overwritten before, 3 dropped", text)
        self.assertIn("ERROR: value |---", text)
        self.assertIn("left out, since they fit no format: 1 record", text)

    def test_needs_no_root(self):
        if os.geteuid() != 0:
            self.skipTest("is not root anyway")
        os.chmod(self.folder, 0o755)
        program = self.folder / "stapctl"
        program.write_bytes((BIN / "stapctl").read_bytes())
        program.chmod(0o755)
        result = subprocess.run([program, "read", "rec"], capture_output=True, text=True,
                                check=False, timeout=60, cwd=self.folder, user="nobody",
                                group="nogroup")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.count("value "), 300)

    def test_stamps(self):
        lines = self.read("rec", "-t").stdout.splitlines()
        self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} \[000\] value 0 $")
        self.assertRegex(lines[2], r" \[---\] value 2 cc$")

    def test_a_part_of_the_time(self):
        """Records are 1 us apart; --format=json tells when they were made."""
        objects = [json.loads(line) for line in self.read("rec", "-f", "json").stdout.splitlines()]

        def at(n):
            return f"@{objects[n]['time'] // 10**9}.{objects[n]['time'] % 10**9:09}"

        self.assertEqual(self.values("rec", "--since", at(290)), VALUES[290:])
        self.assertEqual(self.values("rec", "--until", at(9)), VALUES[:10])
        self.assertEqual(self.values("rec", "-S", at(100), "-U", at(102)), VALUES[100:103])
        self.assertEqual(self.values("rec", "--since", "boot+1000.000295s"), VALUES[295:])
        # The last of the recording, not of today.
        self.assertEqual(self.values("rec", "--last=4.5us"), VALUES[296:])
        self.assertIn("of the last 0ms shown", self.read("rec", "-n", "5us").stderr)
        when = subprocess.run(["date", "-u", "-d", f"@{objects[0]['time'] // 10**9}", "+%F %T"],
                              capture_output=True, text=True, check=True).stdout.strip()
        self.assertEqual(self.values("rec", "--since", when), VALUES)

    def test_where(self):
        self.assertEqual(self.values("rec", "--where", "value < 3 or value == 200"),
                         VALUES[:3] + [VALUES[200]])
        self.assertEqual(self.values("rec", "-w", 'text =~ "^value 1 "'), [VALUES[1]])
        self.assertEqual(self.values("rec", "-w", "cpu == 1 and value < 9"),
                         [VALUES[1], VALUES[4], VALUES[7]])
        self.assertIn("\nstapctl: 3 records shown", self.read("rec", "-w", "value < 3").stderr)
        self.assertEqual(
            self.read("rec", "-w", "value < 3 and pid == 1", status=2).stderr,
            "stapctl: --where: no record carries pid: the script does not print it; there are "
            "channel, cpu, probe, session, text, value\n  value < 3 and pid == 1\n"
            "                ^\nTry 'stapctl help'.\n")

    def test_json(self):
        lines = self.read("rec", "--format=json").stdout.splitlines()
        self.assertEqual(len(lines), 302)
        record = json.loads(lines[7])
        self.assertEqual(record["text"], VALUES[7] + "\n")
        self.assertEqual(record["fields"], {"value": 7, "text": "hhhhhhh"})
        self.assertEqual((record["cpu"], record["probe"]), (1, 'kernel.trace("sched_switch")'))
        self.assertEqual(json.loads(lines[8])["cpu"], None)
        self.assertEqual(json.loads(lines[301])["channel"], "error")

    def test_a_recording_of_a_part(self):
        """Times, clocks, script and the numbers of the records stay."""
        self.read("rec", "-f", "recording", "-o", "part", "-w", "value >= 100 and value < 200")
        self.assertEqual(self.values("part"), VALUES[100:200])
        whole = self.read("rec", "-f", "json", "-w", "value >= 100 and value < 200").stdout
        self.assertEqual(self.read("part", "-f", "json").stdout, whole)
        recording = subprocess.run([BIN / "stapctl", "read", "rec", "--format=recording"],
                                   capture_output=True, check=True, timeout=60, cwd=self.folder)
        (self.folder / "copy").write_bytes(recording.stdout)
        self.assertEqual(self.read("copy", "-f", "json").stdout, self.read("rec", "-f", "json").stdout)
        self.assertIn("7 overwritten before, 3 dropped", self.read("copy").stderr)

    def test_several_recordings_in_one_order(self):
        for n in (0, 1):
            self.read("rec", "-f", "recording", "-o", f"part{n}", "-w",
                      f"value < 150 and {'not' if n else ''} cpu == 0")
        self.assertEqual(self.values("part1", "part0"), [])
        lines = self.read("part1", "part0").stdout.splitlines()
        self.assertEqual(lines, ["sample: " + value for value in VALUES[:150]])
        objects = self.read("part1", "part0", "-f", "json").stdout.splitlines()
        self.assertEqual([json.loads(line)["session"] for line in objects], ["sample"] * 150)
        # Both in one file, and out of it again.
        self.read("part0", "part1", "-f", "recording", "-o", "both")
        self.assertEqual(self.read("both").stdout.splitlines(), lines)

    def test_a_file_that_is_being_written(self):
        path = self.folder / "rec.1"
        whole = path.read_bytes()
        path.write_bytes(whole[:-300])
        with open(path, "rb") as writer:
            fcntl.flock(writer, fcntl.LOCK_EX)
            result = self.read("rec")
            shown = [line for line in result.stdout.splitlines() if line.startswith("value")]
            self.assertEqual(shown, VALUES[:len(shown)])
            self.assertGreater(len(shown), 200)
            self.assertNotIn("torn", result.stderr)
            self.assertNotIn("missing", result.stderr)
        text = self.read("rec", status=1).stderr
        self.assertIn("rec.1: ends without an end block", text)
        self.assertIn("bytes torn", text)

    def test_a_missing_file(self):
        os.rename(self.folder / "rec.0", self.folder / "away")
        result = self.read("rec", status=1)
        self.assertIn("file 0 is missing", result.stderr)
        self.assertEqual(result.stdout.splitlines()[0], VALUES[-result.stdout.count("value")])

    def test_every_length(self):
        """What is left of a file is shown up to its last whole block; the rest is said."""
        whole = (self.folder / "rec.0").read_bytes()
        shown = 0
        for size in range(0, len(whole), 7):
            (self.folder / "cut").write_bytes(whole[:size])
            values = self.values("cut", status=1)
            self.assertEqual(values, VALUES[:len(values)])
            self.assertGreaterEqual(len(values), shown)
            shown = len(values)
        self.assertGreater(shown, 200)

    def test_every_byte(self):
        """A byte that is wrong costs its block, no more."""
        whole = (self.folder / "rec.0").read_bytes()
        blocks = self.values("rec.0", status=1)
        fewest = len(blocks)
        for at in range(0, len(whole), 5):
            damaged = whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1:]
            (self.folder / "rec.0").write_bytes(damaged)
            result = self.read("rec", status=1)
            shown = [line for line in result.stdout.splitlines() if line.startswith("value")]
            self.assertLessEqual(set(shown), set(VALUES))
            self.assertIn(VALUES[299], shown)
            self.assertRegex(result.stderr, "rec.0: .*(damaged|missing|torn)")
            fewest = min(fewest, len(shown))
        self.assertGreater(fewest, 0)

    def test_what_is_no_recording(self):
        (self.folder / "text").write_text("nothing of the kind\n")
        (self.folder / "empty").write_text("")
        result = self.read("text", "empty", "rec", status=1)
        self.assertIn("text: is no recording", result.stderr)
        self.assertIn("empty: is no recording", result.stderr)
        self.assertEqual(result.stdout.count("value "), 300)
        for name, message in (("gone", "gone: No such file or directory"),
                              (".", "this is a folder"), ("/dev/null", "no regular file")):
            text = self.read(name, status=1).stderr
            self.assertIn(message, text)
            self.assertNotIn("stapctl list", text)

    def test_much_damage_is_told_in_few_lines(self):
        whole = (self.folder / "rec.0").read_bytes()
        (self.folder / "many").write_bytes((whole + b"junk") * 200)
        text = self.read("many", status=1).stderr
        self.assertLess(text.count("are damaged"), 30)
        self.assertIn("and more damaged places: ", text)

    def test_output(self):
        self.read("rec", "-o", "out")
        self.assertEqual((self.folder / "out").read_text().count("value "), 300)
        self.assertIn("one of the files that are read", self.read("rec", "-o", "rec.1", status=2).stderr)
        self.assertEqual((self.folder / "rec.1").read_bytes(), (FIXTURE / "rec.1").read_bytes())
        self.assertIn("/nonexistent/x", self.read("rec", "-o", "/nonexistent/x", status=1).stderr)
        with open("/dev/full", "w", encoding="utf-8") as device:
            full = subprocess.run([BIN / "stapctl", "read", "rec", "-f", "recording"],
                                  stdout=device, stderr=subprocess.PIPE, text=True, check=False,
                                  timeout=60, cwd=self.folder)
        self.assertEqual((full.returncode, full.stderr.count("No space left")), (1, 1))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
