#!/usr/bin/env python3
"""SystemTap's flight recorder in files: stap -F -o leaves a process that writes them. Their names,
sizes and numbers, and what is left of them at the end."""

import os
import re
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

from instance import main, wait_for
from recorder_commands import END, FIRST, NUMBERS, RecorderTest, is_gone, produce

MIB = 1 << 20
# 8001 bytes a line: 132 lines are the first to be more than 1 MiB.
BLOCKS = 'probe begin { for (i = 0; i < 500; i++) printf("%8000d\\n", i) } ' + END
LINES_OF_A_FILE = 132


class Daemon(RecorderTest):
    def test_who_stays_behind(self):
        writer = self.record_files("s", NUMBERS, "-o", "out")
        self.assertEqual(self.holders(), [writer])
        self.assertEqual(self.sessions(), ["s"])
        process = Path(f"/proc/{writer}")
        self.assertEqual(os.readlink(process / "cwd"), "/")
        self.assertEqual((process / "comm").read_text(encoding="utf-8"), "stapio\n")
        self.assertEqual([os.readlink(process / f"fd/{fd}") for fd in range(3)], ["/dev/null"] * 3)
        stat = (process / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        self.assertEqual(int(stat[3]), writer, "a session of its own")
        self.assertEqual(self.files(), ["out"])

    def test_sigterm_runs_end_handlers_and_completes_the_file(self):
        writer = self.record_files("s", 'probe begin { println("begin") } ' + NUMBERS + END, "-o", "out")
        produce(range(1000))
        self.terminate(writer)
        self.assertEqual(self.text("out").splitlines(),
                         ["begin", *map(str, range(1000)), "the end"])
        self.assertEqual(self.sessions(), [])

    def test_a_script_that_exits(self):
        writer = self.record_files("s", f"probe syscall.getpgid {{ if (pid == {FIRST + 3}) exit() }} "
                                   + NUMBERS + END, "-o", "out")
        produce(range(4))
        wait_for(lambda: is_gone(writer), "the process to end")
        self.assertEqual(self.text("out").splitlines()[-1], "the end")
        self.assertEqual(self.sessions(), [])

    def test_a_begin_that_fails_is_not_left(self):
        result = self.stap("-F", "-m", "s", "-o", "out", "-e", 'probe begin { error("no") }')
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("ERROR: no near", result.stderr)
        self.assertEqual(self.sessions(), [])

    def test_sigquit_leaves_it_in_memory(self):
        writer = self.record_files("s", NUMBERS + END, "-o", "out")
        produce(range(10))
        os.kill(writer, signal.SIGQUIT)
        wait_for(lambda: is_gone(writer), "the process to end")
        self.assertEqual(self.numbers_of("out"), list(range(10)))
        produce(range(10, 20))
        self.assertEqual(self.attach("s", until=10)[1], [*map(str, range(10, 20)), "the end"])
        self.assertEqual(self.numbers_of("out"), list(range(10)))

    def test_a_file_that_cannot_be_made(self):
        result = self.stap("-F", "-m", "s", "-o", "/nonexistent/out", "-e", NUMBERS)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("/nonexistent/out: No such file or directory", result.stderr)
        self.assertEqual(self.sessions(), [])

    def test_killed_it_goes_on_in_memory(self):
        writer = self.record_files("s", NUMBERS + END, "-o", "out")
        produce(range(10))
        wait_for(lambda: self.numbers_of("out") == list(range(10)), "the file")
        os.kill(writer, signal.SIGKILL)
        wait_for(lambda: is_gone(writer), "the process to end")
        produce(range(10, 20))
        status, lines, err = self.attach("s", until=20)
        self.assertEqual((status, lines), (0, [*map(str, range(20)), "the end"]))
        self.assertIn("was gone", err)

    def test_with_a_command_it_is_refused(self):
        result = self.stap("-F", "-o", "out", "-c", "true", "-e", NUMBERS)
        self.assertEqual((result.returncode, self.files()), (1, []))
        self.assertIn("does not go together with -c", result.stderr)


class Names(RecorderTest):
    def finish(self, *words, script=BLOCKS):
        self.terminate(self.record_files("s", script, "-s8", *words))
        return self.files()

    def test_stream(self):
        self.assertEqual(self.finish("-o", "out"), ["out"])
        self.assertEqual(self.text("out").count("\n"), 501)

    def test_stream_of_a_size(self):
        self.assertEqual(self.finish("-o", "out", "-S", "1"), [f"out.{k}" for k in range(4)])
        for k in range(3):
            self.assertEqual(self.numbers_of_blocks(f"out.{k}"),
                             list(range(LINES_OF_A_FILE * k, LINES_OF_A_FILE * (k + 1))))
            size = os.path.getsize(f"{self.folder}/out.{k}")
            self.assertTrue(MIB < size <= MIB + 8001, "over by less than a message")

    def numbers_of_blocks(self, name):
        return [int(line) for line in self.text(name).splitlines() if line.strip().isdigit()]

    def test_so_many_files_are_kept(self):
        self.assertEqual(self.finish("-o", "out", "-S", "1,2"), ["out.2", "out.3"])
        self.assertEqual(self.numbers_of_blocks("out.2")[0], 2 * LINES_OF_A_FILE)
        self.assertEqual(self.text("out.3").splitlines()[-1], "the end")

    def test_no_size(self):
        self.assertEqual(self.finish("-o", "out", "-S", "0,2"), ["out"])

    def test_garbage_is_no_size(self):
        for text in ("x", "1x", "1,x", "1,2,3"):
            result = self.stap("-F", "-o", "out", "-S", text, "-e", BLOCKS)
            self.assertEqual((result.returncode, result.stdout), (1, ""), text)
            self.assertIn("Invalid file size option", result.stderr)
        self.assertEqual(self.files(), [])

    def test_files_of_each_cpu(self):
        cpus = sorted(os.sched_getaffinity(0))
        writer = self.record_files("s", NUMBERS + END, "-b", "-o", "out")
        for cpu in cpus:
            produce(range(cpu, cpu + 5), cpu)
        self.terminate(writer)
        for cpu in cpus:
            self.assertEqual(self.numbers_of(f"out_{cpu}"), list(range(cpu, cpu + 5)))

    def test_files_of_each_cpu_of_a_size_never_exceed_it(self):
        writer = self.record_files("s", f"probe syscall.getpgid {{ if (pid == {FIRST + 0}) "
                                   'printf("%8000d\\n", ++n) } global n', "-b", "-s8", "-o", "out",
                                   "-S", "1,2")
        cpu = min(os.sched_getaffinity(0))
        for _ in range(500):
            produce([0], cpu)
        self.terminate(writer)
        mine = [name for name in self.files() if name.startswith(f"out_cpu{cpu}.")]
        self.assertEqual(mine, [f"out_cpu{cpu}.{k}" for k in (2, 3)])
        self.assertEqual(os.path.getsize(f"{self.folder}/{mine[0]}"), 131 * 8001)
        self.assertEqual(self.text(mine[1]).count("\n"), 500 - 3 * 131)
        others = [name for name in self.files() if name not in mine]
        self.assertTrue(all(re.fullmatch(r"out_cpu\d+\.0", name) for name in others), others)

    def test_the_time_is_part_of_the_name(self):
        before = time.time()
        (name,) = self.finish("-o", "out.%Y-%m-%dT%H%M%S.%%")
        found = time.mktime(time.strptime(name, "out.%Y-%m-%dT%H%M%S.%%"))
        self.assertTrue(int(before) <= found <= time.time())

    def test_a_name_that_is_too_long(self):
        for name in ("x" * 4080, "%A" * 1000):
            result = self.stap("-F", "-m", "s", "-o", name, "-e", NUMBERS)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertRegex(result.stderr, "Filename format is invalid or too long|File name too long")
        self.assertEqual(self.sessions(), [])

    def test_dev_null_is_itself(self):
        writer = self.record_files("s", BLOCKS, "-s8", "-o", "/dev/null", "-S", "1,2")
        os.kill(writer, signal.SIGUSR2)
        self.terminate(writer)
        self.assertEqual([name for name in os.listdir("/dev") if name.startswith("null")], ["null"])
        self.assertEqual(os.stat("/dev/null").st_rdev, os.makedev(1, 3))


class Switch(RecorderTest):
    def test_sigusr2_with_the_next_message(self):
        writer = self.record_files("s", NUMBERS + END, "-o", "out")
        produce(range(10))
        wait_for(lambda: len(self.numbers_of("out")) == 10, "the file")
        os.kill(writer, signal.SIGUSR2)
        time.sleep(0.3)
        self.assertEqual(self.files(), ["out"], "there is no message yet")
        produce(range(10, 20))
        wait_for(lambda: self.files() == ["out", "out.1"], "the next file")
        self.terminate(writer)
        self.assertEqual(self.numbers_of("out"), list(range(10)))
        self.assertEqual(self.numbers_of("out.1"), list(range(10, 20)))

    def test_sigusr2_deletes_as_sizes_do(self):
        writer = self.record_files("s", NUMBERS, "-o", "out", "-S", "1,2")
        for k in range(4):
            produce([k])
            wait_for(lambda k=k: f"out.{k}" in self.files() and self.numbers_of(f"out.{k}") == [k],
                     "the file")
            os.kill(writer, signal.SIGUSR2)
            time.sleep(0.15)
        self.terminate(writer)
        self.assertEqual(self.files(), ["out.2", "out.3"])

    def test_switch_file(self):
        writer = self.record_files("s", f"probe syscall.getpgid {{ if (pid == {FIRST + 9}) switch_file() }} "
                                   + NUMBERS, "-o", "out")
        produce(range(10))
        time.sleep(0.5)
        produce(range(10, 20))
        wait_for(lambda: "out.1" in self.files() and self.numbers_of("out.1"), "the next file")
        self.terminate(writer)
        self.assertEqual(self.numbers_of("out", "out.1"), list(range(20)))


class Open(RecorderTest):
    def test_mode_and_what_was_there(self):
        Path(self.folder, "out").write_text("old\n" * 100, encoding="utf-8")
        for mask, mode in ((0o022, 0o644), (0o077, 0o600), (0, 0o666)):
            before = os.umask(mask)
            try:
                writer = self.record_files("s", NUMBERS + f'probe timer.ms(10) {{ if (n++ == 0) '
                                           f'system("ls -l /proc/self/fd > {self.root}/fds") }} '
                                           "global n", "-o", f"out{mask}")
                second = self.record_files("t", NUMBERS, "-o", "out")
            finally:
                os.umask(before)
            self.assertEqual(os.stat(f"{self.folder}/out{mask}").st_mode & 0o777, mode)
            self.assertEqual(self.text("out"), "")
            wait_for(Path(self.root, "fds").exists, "the command")
            self.assertNotIn("out", Path(self.root, "fds").read_text(encoding="utf-8")
                             .replace(self.root, ""))
            os.unlink(f"{self.root}/fds")
            self.terminate(writer)
            self.terminate(second)


class Log(RecorderTest):
    """What has no output goes to the system's log: a /dev of the test's own has one."""

    def stap_with_log(self, *words, size="1M"):
        dev, log = f"{self.root}/dev", socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(log.close)
        os.mkdir(dev)
        log.bind(f"{dev}/log")
        log.settimeout(30)
        for device in ("null", "urandom", "zero"):
            Path(dev, device).touch()
        mounts = "; ".join(f"mount --bind /dev/{device} {dev}/{device}"
                           for device in ("null", "urandom", "zero"))
        command = (f"{mounts}; mount -t tmpfs -o size={size} none {self.folder}; "
                   f"mount --bind {dev} /dev; cd {self.folder}; exec \"$@\"")
        result = subprocess.run(["unshare", "-m", "sh", "-ec", command, "sh",
                                 *self.command("stap", words)], capture_output=True, text=True,
                                timeout=60, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return int(result.stdout), log

    def test_warnings_and_errors(self):
        writer, log = self.stap_with_log("-F", "-m", "s", "-o", "out", "-DMAXERRORS=1", "-e",
                                         'probe timer.ms(50) { if (n++) error("bad") else warn("mind") } '
                                         "global n")
        lines = [log.recv(1000).decode() for _ in range(3)]
        for line, text in zip(lines, ("WARNING: mind", "ERROR: bad near", "ERROR: bad near")):
            self.assertRegex(line, rf"^<27>.*stapio\[{writer}\]: {text}")
        wait_for(lambda: is_gone(writer), "the process to end")

    def test_a_full_disk_is_said_once_and_the_session_goes_on(self):
        writer, log = self.stap_with_log("-F", "-m", "s", "-s8", "-o", "out", "-e",
                                         'probe timer.ms(10) { printf("%8000d\\n", n++) } global n',
                                         size="64k")
        self.assertRegex(log.recv(1000).decode(), r"stapio\[\d+\]: ERROR: .*No space left on device")
        log.settimeout(0.5)
        with self.assertRaises(TimeoutError):
            log.recv(1000)
        self.assertFalse(is_gone(writer))
        self.terminate(writer)

    def test_a_full_disk_ends_files_of_each_cpu(self):
        writer, log = self.stap_with_log("-F", "-m", "s", "-b", "-s8", "-o", "out", "-e",
                                         'probe timer.ms(10) { printf("%8000d\\n", n++) } global n',
                                         size="64k")
        self.assertRegex(log.recv(1000).decode(), "No space left on device")
        wait_for(lambda: is_gone(writer), "the process to end")
        self.assertEqual(self.sessions(), [])


if __name__ == "__main__":
    main()
