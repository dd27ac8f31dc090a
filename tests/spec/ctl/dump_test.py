#!/usr/bin/env python3
"""stapctl dump: the right records, in order, the ledger beside them."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from instance import BIN, FIRST_NUMBER, IS_NUMBER, NUMBERS_SCRIPT, InstanceTest, Producer, main, produce, wait_for

PROGRAMS_SCRIPT = """
probe syscall.openat { printf("%d open %s\\n", pid(), filename) }
probe syscall.execve { printf("%d exec %s\\n", pid(), filename) }
probe kernel.trace("sched_process_exit") { printf("%d exit\\n", pid()) }
"""


TOLD_SCRIPT = f"""
probe syscall.getpgid {{
  if ({IS_NUMBER}) printf("%d %s %d\\n", pid - {FIRST_NUMBER}, execname(), pid)
}}
"""


class Dump(InstanceTest):
    profiles = {
        "numbers": (NUMBERS_SCRIPT, ""),
        "small": (NUMBERS_SCRIPT, "[Memory]\nSize=64K"),
        "programs": (PROGRAMS_SCRIPT, "[Memory]\nSize=32M"),
        "counters": ("global hits, last = \"none\" probe syscall.getpgid "
                     f"{{ if (pid == {FIRST_NUMBER + 36_000}) "
                     f"{{ hits[pid - {FIRST_NUMBER}] <<< pid last = execname() }} }}\n", ""),
        "told": (TOLD_SCRIPT, ""),
        "changed": (TOLD_SCRIPT.replace("%d %s %d", "first %d").replace(", execname(), pid)", ")"), ""),
        "timeless": (NUMBERS_SCRIPT, "[Memory]\nTime=no"),
        "aside": (f'probe syscall.getpgid {{ if (pid == {FIRST_NUMBER}) {{ printf("one") '
                  'warn("two") printf(" three\\n") } }\n', ""),
    }

    def setUp(self):
        self.stapd.wait_until_records(*self.profiles)

    def numbers(self, *options):
        return [int(line) for line in self.stapd.ctl("dump", "numbers", *options).stdout.split()]

    def test_last_shows_these_seconds_only_and_all_of_them(self):
        produce(range(1000, 1200))
        time.sleep(3)
        middle = time.monotonic() - 1.5
        produce(range(2000, 2300))
        last = time.monotonic() - middle
        shown = self.numbers(f"--last={last:.3f}s")
        self.assertEqual([n for n in shown if 1000 <= n < 3000], list(range(2000, 2300)))

    def test_two_cpus_come_in_order(self):
        cpus = sorted(os.sched_getaffinity(0))
        here, there = cpus[0], cpus[-1]
        before = os.sched_getaffinity(0)
        try:
            for number in range(10_000, 10_040):
                os.sched_setaffinity(0, {here if number % 2 else there})
                produce([number])
        finally:
            os.sched_setaffinity(0, before)
        shown = [n for n in self.numbers() if 10_000 <= n < 11_000]
        self.assertEqual(shown, list(range(10_000, 10_040)))

    def test_the_ledger_is_what_the_producer_counted(self):
        at_first = self.stapd.ledger("small")
        cpus = sorted(os.sched_getaffinity(0))
        producers = [Producer(1_000_000 * (i + 1), cpu) for i, cpu in enumerate(cpus[:2])]
        produce(range(20_000, 30_000))  # 64 KiB do not hold so many
        counted = 10_000 + sum(producer.stop() for producer in producers)
        every, kept, overwritten, dropped = self.stapd.ledger("small")
        self.assertEqual(every - at_first[0], counted)
        self.assertEqual(every, kept + overwritten + dropped)
        self.assertGreater(overwritten, 0)

    def test_a_shallow_ring_is_said(self):
        produce(range(40_000, 50_000))
        text = self.stapd.ctl("dump", "small", "--last=1h").stderr
        self.assertRegex(text, r"the ring of CPU \d+ reaches back \S+ only")
        time.sleep(0.1)
        for name in ("numbers", "small"):
            self.assertNotIn("reaches back", self.stapd.ctl("dump", name, "--last=1ms").stderr)

    def test_stamps(self):
        before = time.strftime("%Y-%m-%d %H:")
        produce([31_000])
        lines = self.stapd.ctl("dump", "numbers", "-t").stdout.splitlines()
        line = next(line for line in lines if line.endswith(" 31000"))
        self.assertRegex(line, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} \[\d{3}\] 31000$")
        self.assertTrue(line.startswith(before) or time.strftime("%M") == "00", line)

    def test_records_without_times(self):
        produce([35_000])
        self.assertIn("35000\n", self.stapd.ctl("dump", "timeless").stdout)
        for option in ("--last=5s", "-t"):
            self.assert_says(self.stapd.ctl("dump", "timeless", option), 1, "carry no time")

    def test_globals_while_the_session_goes_on(self):
        self.assertIn('last="none"\n', self.stapd.ctl("dump", "counters", "--globals").stdout)
        produce([36_000, 36_000])
        text = self.stapd.ctl("dump", "counters", "-g").stdout
        self.assertRegex(text, r"hits\[36000\] @count=2 ")
        self.assertIn('last="python3', text)
        self.assertEqual(self.stapd.state("counters"), "recording")
        self.assert_says(self.stapd.ctl("dump", "counters", "-g", "-t"), 2, "not records")
        self.assert_says(self.stapd.ctl("dump", "nobody", "-g"), 1, "there is no session")

    def test_since_and_until(self):
        produce([37_000])
        time.sleep(0.1)
        middle = time.time()
        time.sleep(0.1)
        produce([37_001])
        self.assertEqual([n for n in self.numbers("--since", f"@{middle:.6f}") if n // 100 == 370],
                         [37_001])
        self.assertEqual([n for n in self.numbers("--until", f"@{middle:.6f}") if n // 100 == 370],
                         [37_000])
        self.assertIn(37_001, self.numbers("--since=-1min"))
        self.assertEqual(self.numbers("--until=boot+1s"), [])
        self.assertIn(37_000, self.numbers("--since=boot+1s", "--until=now"))

    def test_where(self):
        produce(range(38_000, 38_010))
        where = f"pid == {38_003 + FIRST_NUMBER}"
        self.assertEqual(self.told("told", "--where", where), [f"38003 python3 {FIRST_NUMBER + 38_003}"])
        self.assertEqual(self.told("told", "-w", f'({where} or pid == {38_005 + FIRST_NUMBER}) and comm =~ "^pyth"'),
                         [f"{n} python3 {FIRST_NUMBER + n}" for n in (38_003, 38_005)])
        self.assertEqual(self.told("told", "-w", "comm == nobody"), [])
        self.assertIn("0 records for which --where holds",
                      self.stapd.ctl("dump", "told", "-w", "comm == nobody").stderr)
        self.assert_says(self.stapd.ctl("dump", "told", "-w", "uid == 0"), 2, "no record carries uid")

    def told(self, *words):
        return self.stapd.ctl("dump", *words).stdout.splitlines()

    def test_several_sessions_in_one_order(self):
        produce(range(39_000, 39_003))
        lines = [line.split() for line in self.told("told", "numbers", "told")]
        lines = [(int(number), who) for who, number, *_ in lines if number.startswith("3900")]
        self.assertEqual([number for number, _ in lines], [n for n in range(39_000, 39_003) for _ in range(2)])
        self.assertEqual(sorted(lines), [(n, who) for n in range(39_000, 39_003)
                                         for who in ("numbers:", "told:")])
        text = self.stapd.ctl("dump", "told", "numbers").stderr
        for name in ("told", "numbers"):
            self.assertRegex(text, rf"stapctl: {name}: \d+ records?: \d+ kept")
        self.assertRegex(self.told("told", "numbers", "-t")[-1], r"^\d{4}-.* \[\d{3}\] \w+: \d+")
        self.assert_says(self.stapd.ctl("dump", "told", "nobody"), 1, "there is no session")

    def test_what_was_recorded_before_a_restart(self):
        produce([51_001])
        script = self.stapd.root / "etc/stapd/script.d/changed.stp"
        script.write_text(script.read_text().replace("first", "second"))
        self.assertEqual(self.stapd.ctl("restart", "changed").returncode, 0)
        produce([51_002])
        for words in (["dump", "changed"], ["attach", "changed", "--until=now"]):
            lines = self.stapd.ctl(*words).stdout.splitlines()
            self.assertEqual([line for line in lines if " 5100" in line], ["first 51001", "second 51002"])
        text = self.stapd.ctl("dump", "changed").stderr
        self.assertIn("stapctl: changed, before it was restarted: ", text)

    def test_a_reader_that_takes_its_time(self):
        """What was there when the dump began is shown, however long somebody looks at its first page."""
        # On one CPU: what two rings keep of it may have a gap.
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(before)})
        self.addCleanup(os.sched_setaffinity, 0, before)
        produce(range(1_000_000, 1_060_000))
        process = self.stapd.open_ctl("dump", "numbers")

        def waits_for_us():
            call = Path(f"/proc/{process.pid}/syscall").read_text().split()
            return call[0] == "7" and int(call[3], 16) & 0xffffffff == 0xffffffff  # poll, no timeout

        wait_for(waits_for_us, "the pipe to be full")
        produce(range(2_000_000, 2_060_000))  # as much as the ring holds
        out, aside = process.communicate(timeout=60)
        shown = [int(line) for line in out.split() if line.isdigit()]
        last = [n for n in shown if n >= 1_000_000]
        # Not assertEqual: the difference of lists this long takes minutes.
        self.assertTrue(last == list(range(1_060_000 - len(last), 1_060_000)), f"{last[:1]} to {last[-1:]}, {len(last)}")
        self.assertGreater(len(last), 20_000)
        self.assertIn(f" {len(shown)} kept", aside)

    def test_json(self):
        before = time.time_ns()
        produce([34_000])
        lines = self.told("told", "--format=json", "-w", "comm =~ python3")
        records = [json.loads(line) for line in lines]
        record = next(r for r in records if r["text"].startswith("34000 "))
        self.assertEqual(record["fields"], {"1": 34_000, "execname": "python3", "pid": FIRST_NUMBER + 34_000})
        self.assertLess(abs(record["time"] - before), 10**9)
        self.assertIn(record["cpu"], os.sched_getaffinity(0))
        self.assertIn("getpgid", record["probe"])

    def test_a_recording_is_what_the_dump_shows(self):
        produce(range(30_000, 30_100))
        for names in (["told"], ["told", "numbers"]):
            path = self.stapd.root / "saved"
            saved = self.stapd.ctl("dump", *names, "--format=recording", "-o", path)
            self.assertEqual((saved.returncode, saved.stdout), (0, ""))
            read = subprocess.run([BIN / "stapctl", "read", path, "-t"], capture_output=True, text=True,
                                  check=False, timeout=60)
            self.assertEqual(read.returncode, 0, read.stderr)
            now = self.told(*names, "-t")
            shown = read.stdout.splitlines()
            # Stamps differ by what the wall clock was slewed in between.
            self.assertEqual([line.split(" ", 2)[2] for line in shown],
                             [line.split(" ", 2)[2] for line in now][:len(shown)])
            self.assertGreaterEqual(len(shown), 100)
            self.assertIn(f"told on {os.uname().nodename}: ", read.stderr)

    def test_output_file(self):
        produce([32_000])
        path = self.stapd.root / "dump.txt"
        result = self.stapd.ctl("dump", "numbers", "-o", path)
        self.assertEqual(result.stdout, "")
        self.assertIn("32000\n", path.read_text())
        self.assert_says(self.stapd.ctl("dump", "numbers", "-o", "/nonexistent/x"), 1,
                         "/nonexistent/x")

    def test_only_the_scripts_output_goes_to_stdout(self):
        produce([0])
        result = self.stapd.ctl("dump", "aside")
        self.assertEqual(result.stdout, "one three\n")
        self.assertIn("WARNING: two\n", result.stderr)

    def test_where_the_output_goes_away(self):
        produce(range(33_000, 34_000))
        command = self.stapd.command("dump", "numbers")
        with open("/dev/full", "w", encoding="utf-8") as device:
            full = subprocess.run(command, stdout=device, stderr=subprocess.PIPE, text=True,
                                  check=False, timeout=60)
        self.assertEqual(full.returncode, 1)
        self.assertEqual(full.stderr.count("No space left on device"), 1)
        closed = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *command],
                                stderr=subprocess.PIPE, text=True, check=False, timeout=60)
        self.assertEqual(closed.returncode, 1)
        self.assertIn("Bad file descriptor", closed.stderr)
        reader, writer = os.pipe()
        os.close(reader)
        gone = subprocess.run(command, stdout=writer, stderr=subprocess.DEVNULL, check=False,
                              timeout=60, restore_signals=True)
        os.close(writer)
        self.assertEqual(gone.returncode, -signal.SIGPIPE)

    def test_programs_of_the_host(self):
        """What ran and what it opened, against the count of who did it."""
        files = [f"{self.stapd.root}/missing.{i}" for i in range(5)]
        code = f"import os\nfor f in {files}:\n  try: os.open(f, os.O_RDONLY)\n  except OSError: pass"
        program = Path(self.stapd.root, "unlike-any-other")
        program.symlink_to(os.path.realpath("/usr/bin/python3"))
        start = time.monotonic()
        pids = []
        for _ in range(20):
            process = subprocess.Popen([program, "-Sc", code])
            process.wait(60)
            pids.append(process.pid)
        last = time.monotonic() - start + 0.5
        result = self.stapd.ctl("dump", "programs", f"--last={last:.3f}")
        self.assertNotIn("reaches back", result.stderr, "this host needs a larger ring")
        lines = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
        exits = [int(pid) for pid, what in lines if what == "exit" and int(pid) in pids]
        self.assertEqual(exits, pids)
        for pid in pids:
            story = [what for of, what in lines if int(of) == pid]
            executed = [i for i, what in enumerate(story) if what == f'exec "{program}"']
            opened = [i for i, what in enumerate(story) if "/missing." in what]
            self.assertEqual([story[i] for i in opened], [f'open "{file}"' for file in files])
            self.assertEqual(len(executed), 1, story)
            self.assertLess(executed[0], opened[0])
            self.assertEqual(story.index("exit"), len(story) - 1)


if __name__ == "__main__":
    main()
