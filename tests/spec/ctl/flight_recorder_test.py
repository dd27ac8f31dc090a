#!/usr/bin/env python3
"""SystemTap's flight recorder in memory: stap -F leaves a session, staprun -A shows it, ^\\ leaves it
again, ^C ends it, staprun -d removes it."""

import os
import re
import signal
import time
import unittest
from pathlib import Path

from instance import main, wait_for
from recorder_commands import END, FIRST, NUMBERS, RecorderTest, is_gone, produce


def numbers(lines):
    return [int(line) for line in lines if line.isdigit()]


def status_of(pid, field):
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return re.search(rf"^{field}:\t(\S+)$", text, re.MULTILINE)[1]


def switches_of(pid):
    """How often it has slept, or had to give way."""
    return sum(int(status_of(pid, f"{kind}_ctxt_switches")) for kind in ("voluntary", "nonvoluntary"))


class Leave(RecorderTest):
    def test_what_is_left_says_how_to_come_back(self):
        self.record("first", 'probe begin { println("armed") } ' + END)
        self.assertEqual(self.sessions(), ["first"])
        self.assertEqual(len(self.holders()), 1)

    def test_a_name_of_its_own(self):
        result = self.stap("-F", "-e", NUMBERS)
        self.assertEqual((result.returncode, result.stdout), (0, ""))
        name = re.search(r"-A (stap_[0-9a-f]{32}_\d+)\"\n$", result.stderr).group(1)
        self.assertEqual(self.sessions(), [name])

    def test_a_begin_that_fails_is_not_left(self):
        result = self.stap("-F", "-m", "bad", "-e", 'probe begin { println("x") error("no") } ' + END)
        self.assertEqual((result.returncode, result.stdout), (1, "x\n"))
        self.assertRegex(result.stderr, "^ERROR: no near ")
        self.assertNotIn("Disconnecting", result.stderr)
        self.assertEqual(self.sessions(), [])

    def test_a_begin_that_exits_is_shown(self):
        result = self.stap("-F", "-m", "short", "-e", 'probe begin { println("x") exit() } ' + END)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "x\nthe end\n", ""))
        self.assertEqual(self.sessions(), [])

    def test_a_name_is_one_session(self):
        self.record("one", NUMBERS)
        result = self.stap("-F", "-m", "one", "-e", NUMBERS)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("there is a session 'one' already", result.stderr)
        for name in ("a.b", "a/b", "", "x" * 56):
            result = self.stap("-F", "-m", name, "-e", NUMBERS)
            self.assertEqual(result.returncode, 1)
            self.assertIn("letters, digits and '_'", result.stderr)

    def test_who_holds_it_sleeps(self):
        self.record("idle", NUMBERS)
        (holder,) = self.holders()
        produce(range(10))

        before = switches_of(holder)
        time.sleep(1)
        self.assertEqual(switches_of(holder), before)
        self.assertEqual(Path(f"/proc/{holder}/comm").read_text(encoding="utf-8"), "stapio\n")
        self.assertEqual(os.readlink(f"/proc/{holder}/cwd"), "/")
        for fd in range(3):
            self.assertEqual(os.readlink(f"/proc/{holder}/fd/{fd}"), "/dev/null")


class Attach(RecorderTest):
    def test_what_was_recorded_then_what_comes(self):
        self.record("s", 'probe begin { println("begin") } ' + NUMBERS + END)
        produce(range(100))
        process = self.open("staprun", "-A", "s")
        lines = [process.stdout.readline().strip() for _ in range(101)]
        self.assertEqual(lines, ["begin", *map(str, range(100))])
        produce(range(100, 200))
        lines = [process.stdout.readline().strip() for _ in range(100)]
        self.assertEqual(lines, [str(i) for i in range(100, 200)])
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.communicate()[0], "the end\n")
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.sessions(), [])
        wait_for(lambda: self.holders() == [], "the process that held it to end")

    def test_detached_and_attached_again_nothing_is_shown_twice(self):
        self.record("s", NUMBERS + END)
        for first in range(0, 500, 100):
            produce(range(first, first + 100))
            status, lines, err = self.attach("s", until=100, by=signal.SIGQUIT)
            self.assertEqual((status, err), (0, self.farewell("s")))
            self.assertEqual(lines, [str(i) for i in range(first, first + 100)])
            self.assertEqual(len(self.holders()), 1)
        produce([500])
        self.assertEqual(self.attach("s", until=1), (0, ["500", "the end"], ""))

    def test_every_signal_that_ends(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.record("s", 'probe begin { println("begin") } ' + END)
            self.assertEqual(self.attach("s", until=1, by=number), (0, ["begin", "the end"], ""))
            self.assertEqual(self.sessions(), [])

    def test_the_oldest_is_lost_first_and_that_is_no_message(self):
        self.record("s", NUMBERS + END, "-s1")
        produce(range(100_000))
        status, lines, err = self.attach("s", until=1, by=signal.SIGINT)
        shown = numbers(lines)
        self.assertEqual((status, err, lines[-1]), (0, "", "the end"))
        self.assertGreater(shown[0], 0)
        self.assertEqual(shown, list(range(shown[0], 100_000)))

    def test_a_script_that_exits_ends_who_is_attached(self):
        self.record("s", f"probe syscall.getpgid {{ if (pid == {FIRST + 7}) exit() }} {NUMBERS} {END}")
        produce([1])
        process = self.open("staprun", "-A", "s")
        self.assertEqual(process.stdout.readline(), "1\n")
        produce([7])
        out, err = process.communicate()
        self.assertEqual((process.returncode, out.splitlines()[-1], err), (0, "the end", ""))
        self.assertEqual(self.sessions(), [])

    def test_what_a_script_recorded_before_it_exited_waits(self):
        self.record("s", f"probe syscall.getpgid {{ if (pid == {FIRST + 7}) exit() }} {NUMBERS} {END}")
        produce([1, 2, 7, 8])
        wait_for(lambda: self.holders() == [], "the session to end")
        self.assertEqual(self.sessions(), ["s"])
        status, lines, err = self.attach("s")
        self.assertEqual((status, numbers(lines)[:2], lines[-1], err), (0, [1, 2], "the end", ""))
        self.assertEqual(self.sessions(), [])

    def test_a_session_that_fails(self):
        self.record("s", 'probe timer.ms(10) { error("too bad") } probe error { println("oh") }')
        status, lines, err = self.attach("s")
        self.assertEqual((status, lines), (1, ["oh"]))
        self.assertIn("ERROR: too bad near ", err)
        self.assertEqual(self.sessions(), [])

    def test_a_time_limit(self):
        self.record("s", 'probe timer.ms(100) { println("tick") } ' + END, "-T1")
        status, lines, _ = self.attach("s")
        self.assertEqual((status, lines[-1]), (0, "the end"))
        self.assertIn(lines.count("tick"), range(1, 11))

    def test_into_files(self):
        self.record("s", NUMBERS + END)
        produce(range(10))
        process = self.open("staprun", "-A", "s", "-o", "out", "-S", "1")
        wait_for(lambda: self.files() == ["out.0"] and self.numbers_of("out.0"), "output")
        process.send_signal(signal.SIGUSR2)
        time.sleep(0.2)
        produce(range(10, 20))
        wait_for(lambda: "out.1" in self.files() and self.numbers_of("out.1"), "the next file")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)
        self.assertEqual(self.numbers_of("out.0"), list(range(10)))
        self.assertEqual(self.text("out.1").splitlines(), [str(i) for i in range(10, 20)] +
                         ["the end"])

    def test_what_was_recorded_for_files_of_each_cpu(self):
        self.record("s", NUMBERS, "-b")
        cpus = sorted(os.sched_getaffinity(0))
        for cpu in cpus:
            produce([cpu], cpu)
        process = self.open("staprun", "-A", "s")
        wait_for(lambda: all(f"stpd_cpu{cpu}" in self.files() and self.text(f"stpd_cpu{cpu}")
                             for cpu in cpus), "output")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(), 0)
        for cpu in cpus:
            self.assertEqual(self.text(f"stpd_cpu{cpu}"), f"{cpu}\n")

    def test_who_shows_is_known_to_the_script(self):
        self.record("s", f"probe syscall.getpgid {{ if (pid >= {FIRST} && pid < {FIRST + 100}) "
                         f'printf("%d %d\\n", pid - {FIRST}, stp_pid()) }}')
        produce([1])
        process = self.open("staprun", "-A", "s")
        self.assertEqual(process.stdout.readline(), "1 0\n")
        produce([2])
        self.assertEqual(process.stdout.readline(), f"2 {process.pid}\n")
        process.send_signal(signal.SIGQUIT)
        process.wait()
        produce([3])
        self.assertEqual(self.attach("s", until=1)[1], ["3 0"])

    def test_commands_are_run_while_nobody_looks(self):
        self.record("s", f'probe timer.ms(50) {{ if (n++ == 1) system("touch {self.root}/done") }} '
                         "global n")
        wait_for(Path(self.root, "done").exists, "the command of system()")

    def test_there_is_no_such_session(self):
        for words in (["-A", "nosuch"], ["-d", "nosuch"]):
            result = self.staprun(*words)
            self.assertEqual((result.returncode, result.stdout, result.stderr),
                             (1, "", "ERROR: there is no session 'nosuch'\n"))

    def test_the_third_signal_stops_waiting(self):
        """Who runs the end handler is stopped meanwhile; what it prints waits for the next who comes."""
        self.record("s", 'probe begin { println("begin") } ' + END)
        process = self.open("staprun", "-A", "s")
        self.assertEqual(process.stdout.readline(), "begin\n")
        (holder,) = [pid for pid in self.holders() if pid != process.pid]
        os.kill(holder, signal.SIGSTOP)
        self.addCleanup(os.kill, holder, signal.SIGCONT)
        for _ in range(2):
            self.interrupt(process)
            looked = switches_of(process.pid)
            wait_for(lambda: switches_of(process.pid) > looked + 3, "staprun to look again and again")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        self.assertEqual((process.returncode, out), (1, ""))
        self.assertIn("'s' has not ended yet", err)
        self.assertEqual(self.sessions(), ["s"])
        os.kill(holder, signal.SIGCONT)
        wait_for(lambda: is_gone(holder), "the end handler to run")
        self.assertEqual(self.attach("s"), (0, ["the end"], ""))

    def interrupt(self, process):
        """By a signal of its own: equal ones that wait are one."""
        process.send_signal(signal.SIGINT)
        sigint = 1 << (signal.SIGINT - 1)
        wait_for(lambda: not int(status_of(process.pid, "ShdPnd"), 16) & sigint, "it to be read")


class Foreground(RecorderTest):
    def test_sigquit_leaves_it_recording(self):
        process = self.open("stap", "-m", "s", "-e", NUMBERS + END)
        wait_for(lambda: produce([0]) or process.poll() is None and self.first_line(process),
                 "the first record")
        process.send_signal(signal.SIGQUIT)
        out, err = process.communicate()
        self.assertEqual((process.returncode, err), (0, self.farewell("s")))
        self.assertNotIn("the end", out)
        produce(range(1, 10))
        status, lines, err = self.attach("s", until=9)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(lines, [*map(str, range(1, 10)), "the end"])

    @staticmethod
    def first_line(process):
        os.set_blocking(process.stdout.fileno(), False)
        line = process.stdout.readline()
        os.set_blocking(process.stdout.fileno(), True)
        return line

    def test_it_goes_on_when_it_cannot_be_left(self):
        self.record("s", NUMBERS)
        process = self.open("stap", "-m", "s", "-e", 'probe timer.ms(20) { println("tick") } ' + END)
        process.stdout.readline()
        process.send_signal(signal.SIGQUIT)
        self.assertIn("WARNING: not detached: ", process.stderr.readline())
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.communicate()[0].splitlines()[-1], "the end")
        self.assertEqual(process.returncode, 0)


class Delete(RecorderTest):
    def test_end_handlers_run_and_their_output_is_lost(self):
        self.record("s", NUMBERS + f'probe end {{ println("x") system("touch {self.root}/end") }}')
        (holder,) = self.holders()
        result = self.staprun("-d", "s")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
        self.assertEqual(self.sessions(), [])
        wait_for(Path(self.root, "end").exists, "the end handler's command")
        wait_for(lambda: is_gone(holder), "the process that held it to end")

    def test_all_of_them(self):
        for name in ("a", "b", "c"):
            self.record(name, NUMBERS)
        self.assertEqual(self.staprun("-d", "*").returncode, 0)
        self.assertEqual(self.sessions(), [])
        self.assertEqual(self.staprun("-d", "*").returncode, 0)

    def test_not_while_somebody_is_attached(self):
        self.record("s", 'probe begin { println("begin") } ' + END)
        process = self.open("staprun", "-A", "s")
        process.stdout.readline()
        result = self.staprun("-d", "s")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn(f"'s' is in use by process {process.pid}", result.stderr)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.communicate()[0], "the end\n")


class Death(RecorderTest):
    """Whoever holds a session is killed: it goes on recording, and the next one who comes finds it."""

    def kill_holder(self):
        (holder,) = self.holders()
        os.kill(holder, signal.SIGKILL)
        wait_for(lambda: is_gone(holder), "the process that held it to end")

    def test_it_goes_on_recording(self):
        self.record("s", NUMBERS + END)
        produce(range(10))
        self.kill_holder()
        produce(range(10, 20))
        status, lines, err = self.attach("s", until=20)
        self.assertEqual((status, lines), (0, [*map(str, range(20)), "the end"]))
        self.assertEqual(err.count("WARNING: the process that held the session was gone"), 1)

    def test_another_one_holds_it_then(self):
        self.record("s", "probe timer.ms(50) { println(++n) } global n " + END)
        self.kill_holder()
        process = self.open("staprun", "-A", "s")
        at = int(process.stdout.readline())
        wait_for(lambda: int(process.stdout.readline()) > at + 3, "timers to go on")
        self.kill_one_of(process)
        at = int(process.stdout.readline())
        wait_for(lambda: int(process.stdout.readline()) > at + 3, "timers to go on again")
        process.send_signal(signal.SIGQUIT)
        process.communicate()
        self.assertEqual((process.returncode, len(self.holders())), (0, 1))

    def kill_one_of(self, attached):
        """The holder, while somebody is attached."""
        wait_for(lambda: len(self.holders()) == 2, "another holder")
        (holder,) = [pid for pid in self.holders() if pid != attached.pid]
        os.kill(holder, signal.SIGKILL)

    def test_it_can_be_removed(self):
        self.record("s", NUMBERS + f'probe end {{ system("touch {self.root}/end") }}')
        self.kill_holder()
        self.assertEqual(self.staprun("-d", "s").returncode, 0)
        self.assertEqual(self.sessions(), [])

    def test_killed_again_and_again(self):
        self.record("s", NUMBERS + END)
        for first in range(0, 100, 10):
            produce(range(first, first + 10))
            self.kill_holder()
            status, lines, _ = self.attach("s", until=10, by=signal.SIGQUIT)
            self.assertEqual((status, lines), (0, [str(i) for i in range(first, first + 10)]))


if __name__ == "__main__":
    main()
