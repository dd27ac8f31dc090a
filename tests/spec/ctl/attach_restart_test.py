#!/usr/bin/env python3
"""stapctl attach goes on when the session gets another ring: it was restarted, its stapd was killed
and another one started it anew, or it was stopped and started and somebody waited for that."""

import re
import signal
import subprocess
import time

from attached import AttachTest
from instance import BIN, FIRST_NUMBER, NUMBERS_SCRIPT, PATIENCE, main, produce, wait_for

OTHER_SCRIPT = NUMBERS_SCRIPT.replace("the end", "the other end")
RESTARTED = "stapctl: numbers was restarted\n"


class AttachRestart(AttachTest):
    profiles = {"numbers": (NUMBERS_SCRIPT, "[Memory]\nSize=4M"),
                "other": (NUMBERS_SCRIPT, "Start=manual\n[Memory]\nSize=4M"),
                "never": (NUMBERS_SCRIPT, "Start=manual")}

    def setUp(self):
        self.profile(NUMBERS_SCRIPT, "4M")
        super().setUp()

    def tearDown(self):
        super().tearDown()
        self.stapd.ctl("stop", "--all")

    def profile(self, script, size):
        self.stapd.add("numbers", script, f"[Memory]\nSize={size}")

    def restart(self, *names):
        result = self.stapd.ctl("restart", *names or ["numbers"])
        self.assertEqual(result.returncode, 0, result.stderr)

    def assert_each_once(self, process, restarts):
        """What was handled at the moment of a restart may be in both rings."""
        for shown in self.numbers(process).values():
            again = [n for n, after in zip(shown, shown[1:]) if n == after]
            self.assertLessEqual(len(again), restarts)
            self.assertEqual(sorted(set(shown)), list(range(shown[0], shown[-1] + 1)))
            self.assertEqual(shown, sorted(shown))

    def wait_for_all(self, process, counted):
        wait_for(lambda: {first: len(set(shown)) for first, shown in self.numbers(process).items()}
                 == counted, "every number to be shown")

    def test_it_shows_the_rest_and_goes_on(self):
        process = self.attach()
        self.wait_for_numbers(process, 200)
        self.profile(OTHER_SCRIPT, "1M")
        self.restart()
        time.sleep(0.5)
        counted = self.stop_producers()
        self.wait_for_all(process, counted)
        aside = self.detach(process)
        self.assert_each_once(process, 1)
        self.assertEqual(aside, RESTARTED + "stapctl: detached; numbers goes on recording\n")
        lines = process.path.read_text().splitlines()
        self.assertEqual(lines.count("the end"), 1)
        self.assertGreater(int(lines[-1]) % 1_000_000, int(lines[lines.index("the end") - 1]) % 1_000_000 - 2)

    def test_the_end_of_what_it_became(self):
        process = self.attach("-n", "0")
        self.wait_for_numbers(process, 10)
        self.profile(OTHER_SCRIPT, "64K")
        self.restart()
        self.stapd.ctl("stop", "numbers")
        _, aside = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, aside), (0, RESTARTED + "stapctl: session numbers has ended\n"))
        self.assertTrue(process.path.read_text().endswith("the other end\n"))

    def test_several_restarts_while_nobody_reads(self):
        process = self.attach()
        self.wait_for_numbers(process, 50)
        process.send_signal(signal.SIGSTOP)
        for size in ("64K", "1M", "8M"):
            self.profile(NUMBERS_SCRIPT, size)
            self.restart()
            time.sleep(0.1)
        process.send_signal(signal.SIGCONT)
        counted = self.stop_producers()
        self.wait_for_all(process, counted)
        aside = self.detach(process)
        self.assert_each_once(process, 3)
        self.assertEqual(aside.count(RESTARTED), 3)

    def test_the_other_sessions_are_not_disturbed(self):
        self.assertEqual(self.stapd.ctl("start", "other").returncode, 0)
        path = self.stapd.root / "merged"
        with open(path, "w", encoding="utf-8") as output:
            process = subprocess.Popen(self.stapd.command("attach", "numbers", "other", "-t"),
                                       stdout=output, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: path.read_text().count("\n") > 1000, "records of both")
        self.restart()
        counted = self.stop_producers()

        def shown(name):
            """The numbers of the first producer, in the order in which they were shown."""
            first = self.producers[0].first
            found = re.findall(rf"^(?:.*\] )?{name}: (?:.*\] )?(\d+)$", path.read_text(), re.M)
            return [n for n in map(int, found) if first <= n < first + 1_000_000]

        last = self.producers[0].first + counted[self.producers[0].first] - 1
        for name in ("numbers", "other"):
            wait_for(lambda name=name: last in shown(name), f"the numbers of {name}")
        aside = self.detach(process)
        for name in ("numbers", "other"):
            numbers = shown(name)
            self.assertEqual(sorted(set(numbers)), list(range(numbers[0], last + 1)))
            self.assertEqual(numbers, sorted(numbers))
        self.assertEqual(len(shown("other")), len(set(shown("other"))))
        self.assertEqual(aside.count("numbers: numbers was restarted"), 1, aside)
        self.assertNotIn("other was", aside)

    def test_by_default_the_end_is_the_end(self):
        process = self.attach()
        self.wait_for_numbers(process, 10)
        self.stapd.ctl("stop", "numbers")
        self.assertEqual(process.communicate(timeout=PATIENCE)[1], "stapctl: session numbers has ended\n")
        self.assertEqual(process.returncode, 0)

    def test_waiting_goes_on_over_stop_and_start(self):
        process = self.attach("--wait")
        self.wait_for_numbers(process, 10)
        self.stapd.ctl("stop", "numbers")
        time.sleep(1)
        self.stop_producers()
        self.assertEqual(self.stapd.ctl("start", "numbers").returncode, 0)
        produce([77])
        wait_for(lambda: process.path.read_text().endswith("\nthe end\n77\n"), "what came after the start")
        self.stapd.ctl("stop", "numbers")
        wait_for(lambda: process.path.read_text().endswith("77\nthe end\n"), "the second end")
        aside = self.detach(process)
        waiting = "stapctl: session numbers has ended; waiting until it is started\n"
        self.assertEqual(aside, f"{waiting}stapctl: numbers was started again\n{waiting}"
                                "stapctl: detached\n")

    def test_waiting_for_the_first_start(self):
        path = self.stapd.root / "never"
        with open(path, "w", encoding="utf-8") as output:
            process = subprocess.Popen(self.stapd.command("attach", "never", "-W"), stdout=output,
                                       stderr=subprocess.PIPE, text=True)
        time.sleep(0.7)
        self.assertIsNone(process.poll())
        self.stop_producers()
        self.assertEqual(self.stapd.ctl("start", "never").returncode, 0)
        produce([88])
        wait_for(lambda: path.read_text() == "88\n", "its first record")
        aside = self.detach(process)
        self.assertEqual(aside, "stapctl: never was not started yet; waiting until it is started\n"
                                "stapctl: never was started\n"
                                "stapctl: detached; never goes on recording\n")

    def test_a_typing_error_is_not_waited_for(self):
        self.assert_says(self.stapd.ctl("attach", "-W", "numbres"), 1, "there is no session 'numbres'")

    def test_why_it_failed(self):
        self.stapd.add("fails", NUMBERS_SCRIPT + "global zero probe begin { zero = 0 }\n"
                       "probe timer.ms(700) { println(1 / zero) }", "Start=manual\nErrorBudget=0")
        self.stapd.ctl("reload")
        self.assertEqual(self.stapd.ctl("start", "fails").returncode, 0)
        process = self.stapd.open_ctl("attach", "fails", "-n", "0")
        aside = process.communicate(timeout=PATIENCE)[1]
        self.assertIn("stapctl: session fails has failed: ended by run-time errors (1): ", aside)
        self.assertIn("division by 0", aside.splitlines()[-1])

    def test_over_a_killed_daemon_and_then_a_restart(self):
        process = self.attach()
        self.wait_for_numbers(process, 10)
        self.stapd.kill()
        time.sleep(0.3)
        self.stapd.start()
        self.stapd.wait_until_records("numbers")
        self.profile(OTHER_SCRIPT, "2M")
        self.restart()
        time.sleep(0.3)
        counted = self.stop_producers()
        self.wait_for_all(process, counted)
        aside = self.detach(process)
        self.assert_each_once(process, 1)
        self.assertRegex(aside, "stapd is gone; numbers goes on recording\n(.*\n)*.*stapd is back")

    def test_over_a_restart_whose_daemon_is_killed(self):
        """stapd dies while nobody reads, after the restart: who reads learns it from the next one."""
        process = self.attach()
        self.wait_for_numbers(process, 10)
        process.send_signal(signal.SIGSTOP)
        self.restart()
        self.stapd.kill()
        process.send_signal(signal.SIGCONT)
        wait_for(lambda: "the end" in process.path.read_text(), "the end of the replaced ring")
        time.sleep(0.3)
        self.stapd.start()
        self.stapd.wait_until_records("numbers")
        counted = self.stop_producers()
        self.wait_for_all(process, counted)
        self.detach(process)
        self.assert_each_once(process, 1)

    def test_a_daemon_that_starts_it_anew(self):
        """Somebody removed the pins meanwhile: the ring that was attached is nobody's any more."""
        process = self.attach()
        self.wait_for_numbers(process, 10)
        self.stop_producers()
        self.stapd.kill()
        self.stapd.remove_pins()
        self.stapd.start()
        self.stapd.wait_until_records("numbers")
        produce([99])
        wait_for(lambda: "\n99\n" in process.path.read_text(), "what the new one records")
        aside = self.detach(process)
        self.assertIn("stapctl: stapd is back, and has started numbers anew\n", aside)

    def test_a_recording_of_both(self):
        path = self.stapd.root / "both.rec"
        process = self.attach("-f", "recording", "-o", path)
        wait_for(lambda: path.exists() and path.stat().st_size > 10_000, "the first blocks")
        self.profile(OTHER_SCRIPT, "1M")
        self.restart()
        time.sleep(0.5)
        counted = self.stop_producers()
        time.sleep(0.5)
        self.detach(process)
        read = subprocess.run([BIN / "stapctl", "read", path], capture_output=True, text=True, check=False)
        self.assertEqual(read.returncode, 0, read.stderr)
        process.path.write_text(read.stdout, encoding="utf-8")
        self.assert_each_once(process, 1)
        self.assertEqual({first: len(set(shown)) for first, shown in self.numbers(process).items()}, counted)
        self.assertIn("the end\n", read.stdout)

    def test_where_the_new_script_prints_less(self):
        self.stop_producers()
        self.profile(NUMBERS_SCRIPT.replace('printf("%d', 'printf("%d of %d', 1)
                     .replace(f"- {FIRST_NUMBER})", f"- {FIRST_NUMBER}, uid())"), "1M")
        self.restart()
        process = self.attach("-n", "0", "--where", "uid == 0")
        time.sleep(0.5)
        produce([123])
        wait_for(lambda: process.path.read_text() == "123 of 0\n", "a record with a user")
        self.profile(OTHER_SCRIPT, "64K")
        self.restart()
        produce([124])
        time.sleep(0.5)
        aside = self.detach(process)
        self.assertEqual(process.path.read_text(), "123 of 0\n")
        self.assertIn("no record carries uid", aside)


if __name__ == "__main__":
    main()
