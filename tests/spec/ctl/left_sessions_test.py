#!/usr/bin/env python3
"""What stap and staprun leave recording, as a stapd that runs sees it: it lists and reads it, ends it
when it is told to, and takes it over when the process that holds it dies."""

import os
import shutil
import signal
import time
import unittest
from pathlib import Path

from instance import Instance, main, wait_for
from recorder_commands import END, FIRST, NUMBERS, RecorderTest, is_gone, produce

TICKS = "probe timer.ms(20) { println(++n) } global n "


class LeftSessions(RecorderTest):
    def setUp(self):
        super().setUp()
        self.stapd = Instance()
        shutil.rmtree(self.stapd.root)
        self.stapd.root = Path(self.root)
        for folder in ("conf.d", "script.d"):
            (self.stapd.root / "etc/stapd" / folder).mkdir(parents=True)

    def clean_up(self):
        if self.stapd.daemon and self.stapd.daemon.poll() is None:
            self.stapd.ctl("stop", "--all")
            self.stapd.daemon.terminate()
            self.stapd.daemon.wait()
        super().clean_up()

    def holders(self):
        return [pid for pid in super().holders()
                if not self.stapd.daemon or pid != self.stapd.daemon.pid]

    def kill_holder(self):
        (holder,) = self.holders()
        os.kill(holder, signal.SIGKILL)
        wait_for(lambda: is_gone(holder), "the process that held it to end")

    def log(self):
        return (self.stapd.root / "log").read_text(encoding="utf-8")

    def state(self, name):
        return self.stapd.state(name)

    def dumped(self, name):
        return self.stapd.ctl("dump", name).stdout.splitlines()

    def test_it_is_listed_and_read(self):
        self.stapd.start()
        self.record("s", 'probe begin { println("begin") } ' + NUMBERS)
        wait_for(lambda: self.state("s") == "recording", "the session to be listed")
        produce(range(100))
        self.assertEqual(self.dumped("s"), ["begin", *map(str, range(100))])
        self.assertEqual(self.stapd.ledger("s"), (101, 101, 0, 0))
        self.assertIn(f"held by process {self.holders()[0]}", self.stapd.ctl("status", "s").stdout)
        attached = self.stapd.open_ctl("attach", "s", "-n", "0")
        self.addCleanup(self.end, attached)
        wait_for(lambda: produce([7]) or attached.poll() is None and self.line_of(attached),
                 "what comes")
        attached.send_signal(signal.SIGINT)
        attached.wait()

    @staticmethod
    def line_of(process):
        os.set_blocking(process.stdout.fileno(), False)
        line = process.stdout.readline()
        os.set_blocking(process.stdout.fileno(), True)
        return line

    def test_one_that_was_there_before_stays_its_holders(self):
        self.record("s", TICKS)
        holders = self.holders()
        self.stapd.start()
        self.assertEqual(self.state("s"), "recording")
        self.stapd.kill()
        self.stapd.start()
        self.assertEqual(self.holders(), holders)
        ticks = [int(line) for line in self.dumped("s")]
        self.assertEqual(ticks, list(range(1, len(ticks) + 1)))

    def test_stop(self):
        self.stapd.start()
        self.record("s", NUMBERS + END)
        wait_for(lambda: self.state("s") == "recording", "the session to be listed")
        produce(range(10))
        self.assertEqual(self.stapd.ctl("stop", "s").returncode, 0)
        wait_for(lambda: self.state("s") == "stopped", "the end")
        self.assertEqual(self.dumped("s"), [*map(str, range(10)), "the end"])
        self.assertEqual((self.sessions(), self.holders()), ([], []))

    def test_stop_completes_files(self):
        self.stapd.start()
        writer = self.record_files("s", NUMBERS + END, "-o", "out")
        wait_for(lambda: self.state("s") == "recording", "the session to be listed")
        produce(range(10))
        self.stapd.ctl("stop", "s")
        wait_for(lambda: is_gone(writer), "the process to end")
        self.assertEqual(self.text("out").splitlines(), [*map(str, range(10)), "the end"])
        wait_for(lambda: self.state("s") == "stopped", "the end")

    def test_when_somebody_else_ends_it_it_is_gone(self):
        self.stapd.start()
        self.record("s", 'probe begin { println("begin") } ' + END)
        wait_for(lambda: self.state("s") == "recording", "the session to be listed")
        self.assertEqual(self.attach("s", until=1), (0, ["begin", "the end"], ""))
        wait_for(lambda: self.state("s") is None, "the session to be gone")
        self.record("s", NUMBERS)
        wait_for(lambda: self.state("s") == "recording", "the next one of this name")

    def test_one_that_ended_by_itself_waits_for_its_reader(self):
        self.record("s", f"probe syscall.getpgid {{ if (pid == {FIRST + 3}) exit() }} {NUMBERS} {END}")
        self.stapd.start()
        produce(range(4))
        wait_for(lambda: self.state("s") == "stopped", "the end")
        self.stapd.kill()
        self.stapd.start()
        self.assertEqual(self.state("s"), "stopped")
        self.assertEqual((self.dumped("s")[:3], self.dumped("s")[-1]), (["0", "1", "2"], "the end"))
        self.assertEqual(self.attach("s")[1][:3], ["0", "1", "2"])
        wait_for(lambda: self.state("s") is None, "the session to be gone")

    def test_it_is_taken_over_when_its_holder_dies(self):
        self.stapd.start()
        self.record("s", TICKS + END)
        wait_for(lambda: self.state("s") == "recording", "the session to be listed")
        self.kill_holder()
        wait_for(lambda: "goes on recording; no process was there for 0." in self.log(), "stapd")
        before = int(wait_for(lambda: self.dumped("s"), "a tick")[-1])
        wait_for(lambda: int(self.dumped("s")[-1]) > before + 3, "timers")
        status, lines, err = self.attach("s", until=5)
        self.assertEqual((status, lines[0], lines[-1]), (0, "1", "the end"))
        self.assertIn("the process that held it was away for 0.", err)
        self.assertEqual(self.sessions(), [])

    def test_its_files_go_on_when_their_writer_dies(self):
        self.stapd.start()
        writer = self.record_files("s", NUMBERS + END, "-o", "out")
        wait_for(lambda: self.state("s") == "recording", "the session to be listed")
        produce(range(500))
        os.kill(writer, signal.SIGKILL)  # some of them are in the file, some are not
        produce(range(500, 1000))
        wait_for(lambda: "goes on recording; no process was there for" in self.log(), "stapd")
        wait_for(lambda: self.numbers_of("out") == list(range(1000)), "all numbers in the file")
        self.assertIn(f"File: {self.folder}/out, 1 file", self.stapd.ctl("status", "s").stdout)
        produce(range(1000, 1010))
        self.assertEqual(self.stapd.ctl("stop", "s").returncode, 0)
        self.assertEqual(self.text("out").splitlines(), [*map(str, range(1010)), "the end"])
        self.assertEqual(self.files(), ["out"])
        self.assertEqual(self.sessions(), [])

    def test_its_files_are_switched_and_deleted_as_they_would_have_been(self):
        self.stapd.start()
        script = (f"probe syscall.getpgid {{ if (pid >= {FIRST} && pid < {FIRST + 1_000_000}) "
                  f'printf("%8000d\\n", pid - {FIRST}) }} ')
        writer = self.record_files("s", script, "-s8", "-o", "out", "-S", "1,2")
        wait_for(lambda: self.state("s") == "recording", "the session to be listed")
        produce(range(200))
        wait_for(lambda: self.files() == ["out.0", "out.1"], "the second file")
        os.kill(writer, signal.SIGKILL)
        wait_for(lambda: "goes on recording; no process was there for" in self.log(), "stapd")
        produce(range(200, 300))
        self.assertEqual(self.stapd.ctl("stop", "s").returncode, 0)
        self.assertEqual(self.files(), ["out.1", "out.2"])
        shown = [[int(line) for line in self.text(name).split()] for name in self.files()]
        self.assertEqual(shown, [list(range(132, 264)), list(range(264, 300))])

    def test_killed_at_any_moment_each_number_is_in_the_file_once(self):
        self.stapd.start()
        for round in range(8):
            name = f"round{round}"
            writer = self.record_files(name, NUMBERS, "-o", name)
            wait_for(lambda name=name: self.state(name) == "recording", "the session to be listed")
            produce(range(2000))
            time.sleep(0.015 * round)
            os.kill(writer, signal.SIGKILL)
            wait_for(lambda writer=writer: is_gone(writer), "its writer to end")
            wait_for(lambda name=name: len(self.numbers_of(name)) >= 2000, "the numbers")
            self.assertEqual(self.stapd.ctl("stop", name).returncode, 0)
            self.assertEqual(self.numbers_of(name), list(range(2000)))

    def test_left_in_memory_it_has_no_files_any_more(self):
        self.stapd.start()
        writer = self.record_files("s", NUMBERS + END, "-o", "out")
        produce(range(10))
        os.kill(writer, signal.SIGQUIT)
        wait_for(lambda: is_gone(writer), "the process to end")
        self.kill_holder()
        wait_for(lambda: "goes on recording; no process was there for" in self.log(), "stapd")
        produce(range(10, 20))
        time.sleep(0.5)
        self.assertEqual(self.numbers_of("out"), list(range(10)))
        self.assertNotIn("File:", self.stapd.ctl("status", "s").stdout)

    def test_and_when_it_died_before(self):
        self.record("s", TICKS + END)
        self.kill_holder()
        self.stapd.start()
        self.assertIn("goes on recording; no process was there for", self.log())
        self.stapd.kill()
        self.stapd.start()
        self.assertIn("goes on recording; no stapd was there for", self.log())
        self.assertEqual(self.staprun("-d", "s").returncode, 0)
        self.assertEqual(self.sessions(), [])

    def test_a_stapd_that_ends_names_its_own_alone(self):
        self.stapd.add("p", NUMBERS)
        self.stapd.start()
        self.stapd.wait_until_records("p")
        self.addCleanup(self.staprun, "-d", "p")
        self.record("s", NUMBERS)
        wait_for(lambda: self.state("s") == "recording", "the session to be listed")
        self.end_stapd()
        self.assertIn("leaves recording: p; ", self.log())
        self.stapd.start()
        self.kill_holder()
        wait_for(lambda: "s: goes on recording" in self.log(), "stapd to take it over")
        self.end_stapd()
        self.assertIn("leaves recording: p s; ", self.log())

    def end_stapd(self):
        self.stapd.daemon.terminate()
        self.stapd.daemon.wait()

    def test_reload_does_not_miss_the_profile_that_it_never_had(self):
        self.stapd.add("p", NUMBERS)
        self.stapd.start()
        self.stapd.wait_until_records("p")
        self.record("s", NUMBERS)
        wait_for(lambda: self.state("s") == "recording", "the session to be listed")
        self.assertEqual(self.stapd.ctl("reload").stdout, "no profile has changed\n")
        for file in ("conf.d/p.conf", "script.d/p.stp"):
            (self.stapd.root / "etc/stapd" / file).unlink()
        gone = "p: its profile is gone; it is kept until it is stopped\n"
        self.assertEqual(self.stapd.ctl("reload").stdout, gone)
        self.kill_holder()
        wait_for(lambda: "s: goes on recording" in self.log(), "stapd to take it over")
        self.assertEqual(self.stapd.ctl("reload").stdout, gone)
        self.stapd.kill()
        self.stapd.start()
        self.assertEqual(self.stapd.ctl("reload").stdout, gone)
        self.assertNotIn("s: its profile is gone", self.log())
        shown = self.stapd.ctl("status", "s").stdout
        self.assertNotIn("Profile:", shown)
        self.assertIn(" Script: <input>\n", shown)

    def test_sessions_of_a_stapd_that_is_gone(self):
        self.stapd.add("p", NUMBERS + END)
        self.stapd.add("q", NUMBERS)
        self.stapd.start()
        self.stapd.wait_until_records("p", "q")
        self.stapd.kill()
        produce([1, 2])
        self.assertEqual(self.attach("p", until=2), (0, ["1", "2", "the end"], ""))
        self.assertEqual(self.staprun("-d", "q").returncode, 0)
        self.assertEqual(self.sessions(), [])

    def test_other_sessions_come_and_go_beside_it(self):
        self.stapd.add("p", NUMBERS, "Start=manual")
        self.stapd.start()
        self.record("s", NUMBERS)
        for _ in range(3):
            self.assertEqual(self.stapd.ctl("start", "p").returncode, 0)
            self.assertEqual(self.stapd.ctl("stop", "p").returncode, 0)
        self.assertEqual(self.sessions(), ["s"])
        self.stapd.ctl("start", "p")
        self.assertIn("there is a session 'p' already",
                      self.stap("-F", "-m", "p", "-e", NUMBERS).stderr)
        produce([1])
        status, lines, _ = self.attach("p", until=1, by=signal.SIGQUIT)
        self.assertEqual((status, lines, self.state("p")), (0, ["1"], "recording"))

    def test_a_name_that_stap_has_is_not_started_again(self):
        self.stapd.add("s", NUMBERS, "Start=manual")
        self.stapd.start()
        self.record("s", NUMBERS)
        wait_for(lambda: self.state("s") == "recording", "the session to be listed")
        result = self.stapd.ctl("restart", "s")
        self.assertEqual(result.returncode, 1)
        self.assertIn("of stap holds a session of this name", result.stderr)


if __name__ == "__main__":
    main()
