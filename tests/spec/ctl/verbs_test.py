#!/usr/bin/env python3
"""stapctl list, status, start, stop, reload, check, compile, and what it says when it cannot."""

import os
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from instance import BIN, NUMBERS_SCRIPT, Instance, InstanceTest, main, produce, run_as_nobody, wait_for


class Verbs(InstanceTest):
    profiles = {
        "numbers": (NUMBERS_SCRIPT, "Description=what is counted"),
        "shallow": (NUMBERS_SCRIPT, "[Memory]\nSize=64K\nKeep=1h"),
        "later": (NUMBERS_SCRIPT, "Start=manual"),
        "wrong": ("probe begin { printf(1) x }\n", ""),
    }

    def setUp(self):
        self.stapd.wait_until_records("numbers")

    def test_list_has_a_line_for_each_session(self):
        rows = wait_for(lambda: (rows := self.stapd.rows())["wrong"]["STATE"] == "failed" and rows,
                        "the wrong script to be refused")
        self.assertEqual(list(rows), ["later", "numbers", "shallow", "wrong"])
        self.assertEqual(rows["numbers"]["STATE"], "recording")
        self.assertEqual(rows["numbers"]["LOST"], "0")
        self.assertEqual(rows["later"]["STATE"], "inactive")
        self.assertTrue(rows["numbers"]["SCRIPT"].endswith("/script.d/numbers.stp"))

    def test_list_counts_records(self):
        before = int(self.stapd.rows()["numbers"]["RECORDS"])
        produce(range(10))
        self.assertGreaterEqual(int(self.stapd.rows()["numbers"]["RECORDS"]), before + 10)

    def test_status_of_a_session(self):
        text = self.stapd.ctl("status", "numbers").stdout
        for part in ("numbers: what is counted", "State: recording, started 2", "numbers.conf",
                     "numbers.stp", "1024 KiB a CPU, reaches back ", "0 overwritten, 0 dropped"):
            self.assertIn(part, text)

    def test_status_says_when_the_ring_is_too_shallow(self):
        self.stapd.wait_until_records("shallow")
        produce(range(10_000))
        text = self.stapd.ctl("status", "shallow").stdout
        self.assertRegex(text, r"64 KiB a CPU, reaches back \S+ "
                               r"\(at worst today \S+\), less than Keep=1h")
        self.assertNotIn("Keep", self.stapd.ctl("status", "numbers").stdout)

    def test_status_of_a_failed_session_shows_the_diagnostics(self):
        wait_for(lambda: self.stapd.state("wrong") == "failed", "the wrong script to be refused")
        text = self.stapd.ctl("status", "wrong").stdout
        self.assertIn("State: failed", text)
        self.assertIn("wrong.stp:1:22", text)
        self.assertIn("^", text)

    def test_status_of_the_daemon(self):
        text = self.stapd.ctl("status").stdout
        self.assertIn(f"PID {self.stapd.daemon.pid}", text)
        self.assertIn("recording", text)

    def test_start_and_stop(self):
        self.assertEqual(self.stapd.ctl("start", "later").returncode, 0)
        self.assertEqual(self.stapd.state("later"), "recording")
        self.assertEqual(self.stapd.ctl("start", "later").returncode, 0)
        produce([7])
        self.assertEqual(self.stapd.ctl("stop", "later").returncode, 0)
        self.assertEqual(self.stapd.state("later"), "stopped")
        self.assertEqual(self.stapd.ctl("dump", "later").stdout.splitlines()[-2:],
                         ["7", "the end"])

    def test_start_of_a_wrong_script_says_why_once(self):
        self.assert_says(self.stapd.ctl("start", "wrong"), 1, "wrong.stp:1:22")

    def test_unknown_sessions(self):
        for verb in ("status", "start", "stop", "dump", "attach"):
            self.assert_says(self.stapd.ctl(verb, "nobody"), 1, "there is no session 'nobody'",
                             f"stapctl --root={self.stapd.root} list")

    def test_nothing_to_read_before_the_first_start(self):
        self.stapd.add("never", NUMBERS_SCRIPT, "Start=manual")
        self.assertIn("never", self.stapd.ctl("reload").stdout)
        self.assert_says(self.stapd.ctl("dump", "never"), 1, "never was not started")

    def test_reload_says_what_changed(self):
        self.stapd.add("added", NUMBERS_SCRIPT, "Start=manual")
        self.assertIn("added", self.stapd.ctl("reload").stdout)
        self.assertEqual(self.stapd.ctl("reload").stdout, "no profile has changed\n")
        self.assertEqual(self.stapd.state("numbers"), "recording")


class StopAll(InstanceTest):
    profiles = {"one": (NUMBERS_SCRIPT, ""), "two": (NUMBERS_SCRIPT, "")}

    def test_stop_all_names_them(self):
        self.stapd.wait_until_records("one", "two")
        self.assertEqual(self.stapd.ctl("stop", "--all").stdout.split(), ["one", "two"])
        self.assertEqual({self.stapd.state("one"), self.stapd.state("two")}, {"stopped"})


class WithoutDaemon(unittest.TestCase):
    def setUp(self):
        self.stapd = Instance()
        self.addCleanup(self.stapd.close)

    def test_one_message_and_what_to_do(self):
        for words in (["list"], ["status"], ["dump", "x"], ["attach", "x"], ["stop", "--all"]):
            result = self.stapd.ctl(*words)
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stderr.count("no stapd answers"), 1, result.stderr)
            self.assertIn(f"stapd --root={self.stapd.root}", result.stderr)

    def test_a_socket_that_nobody_serves(self):
        self.stapd.start()
        self.stapd.kill()
        result = self.stapd.ctl("list")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no stapd answers", result.stderr)

    def test_others_than_root(self):
        self.stapd.add("numbers", NUMBERS_SCRIPT)
        self.stapd.start()
        os.chmod(self.stapd.root, 0o755)
        result = run_as_nobody("stapctl", f"--root={self.stapd.root}", "list")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("root", result.stderr)

    def test_a_daemon_that_hangs(self):
        """Somebody holds the socket and never answers."""
        (self.stapd.root / "run/stapd").mkdir(parents=True)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.stapd.root / "run/stapd/private"))
            listening.listen()
            result = self.stapd.ctl("list")
        self.assertEqual(result.returncode, 1)
        self.assertIn("does not answer in time", result.stderr)

    def test_usage(self):
        for words in ([], ["frobnicate"], ["dump"], ["read"], ["list", "x"],
                      ["dump", "x", "--last=soon"], ["dump", "x", "--last"], ["list", "--wrong"],
                      ["stop"], ["stop", "--all", "x"], ["attach", "x", "-n", "-5s"],
                      ["dump", "x", "--since=soon"], ["dump", "x", "--format=xml"], ["dump", "x", "-w", "pid 5"],
                      ["dump", "x", "-n", "5s", "--since=-5s"], ["attach", "x", "--since=-1s", "--until=-5s"],
                      ["read", "x", "-f", "json", "-t"],
                      ["compile", "--stop-after=lunch", "-e", "probe begin {}"],
                      ["check", "-F", "-e", "probe begin {}"], ["check"]):
            result = self.stapd.ctl(*words)
            self.assertEqual(result.returncode, 2, words)
            self.assertEqual(result.stdout, "")
            self.assertIn("Try 'stapctl help'", result.stderr)

    def test_help_and_version(self):
        for words in (["help"], ["--help"]):
            text = self.stapd.ctl(*words).stdout
            for verb in ("list", "status", "dump", "attach", "read", "start", "stop", "reload", "check"):
                self.assertIn(f"\n  {verb} ", text)
        self.assertRegex(self.stapd.ctl("version").stdout, r"^stapctl \(stapd\) \d+\.\d+\.\d+\n$")

    def test_root_goes_behind_the_verb_too(self):
        result = subprocess.run([BIN / "stapctl", "list", "--root", self.stapd.root],
                                capture_output=True, text=True, check=False)
        self.assertIn(str(self.stapd.root), result.stderr)


class Scripts(unittest.TestCase):
    """check and compile need no stapd."""

    def run_ctl(self, *words):
        return subprocess.run([BIN / "stapctl", *words], capture_output=True, text=True,
                              check=False, timeout=60)

    def test_check_says_what_would_be_armed(self):
        text = self.run_ctl("check", "-e", 'global n probe kernel.trace("sched_switch") { n++ } '
                                           "probe timer.s(1) { println(n) }").stdout
        self.assertIn("2 probes", text)
        self.assertRegex(text, r'kernel\.trace\("sched:sched_switch"\) +\d+ instructions')
        self.assertRegex(text, r"timer\.s\(1\) +(in stapd|\d+ instructions)")
        self.assertIn("accepted by the verifier", text)

    def test_check_starts_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder, "touch.stp")
            script.write_text(f'probe begin {{ system("touch {folder}/begun") }}\n')
            self.assertEqual(self.run_ctl("check", script).returncode, 0)
            time.sleep(0.2)
            self.assertEqual(os.listdir(folder), ["touch.stp"])

    def test_check_shows_faults(self):
        result = self.run_ctl("check", "-e", "probe begin { nothing() }")
        self.assertEqual(result.returncode, 1)
        self.assertIn("nothing", result.stderr)
        self.assertEqual(result.stdout, "")

    def test_a_script_that_is_not_there(self):
        result = self.run_ctl("check", "/nonexistent.stp")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nonexistent.stp", result.stderr)

    def test_compile_shows_each_phase(self):
        expected = {"parse": "probe begin{", "elaborate": "begin /* <- begin */",
                    "lower": "handler begin()", "generate": "program heartbeat"}
        for phase, text in expected.items():
            result = self.run_ctl("compile", f"--stop-after={phase}", "-e",
                                  "probe begin { exit() }")
            self.assertIn(text, result.stdout)
            self.assertEqual(result.returncode, 0)


if __name__ == "__main__":
    main()
