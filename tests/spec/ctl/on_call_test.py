#!/usr/bin/env python3
"""stapctl for somebody in a hurry: what is misspelt, not started, failed or empty is said with what to do
next, and nothing that was not found looks like nothing that happened."""

import json
import re
import shutil
import signal
import time

from instance import NUMBERS_SCRIPT, InstanceTest, main, produce, wait_for

COUNTS = "global n probe syscall.getpgid { n++ } probe end { n = 0 }"
MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


class OnCall(InstanceTest):
    profiles = {
        "numbers": (NUMBERS_SCRIPT, ""),
        "counts": (COUNTS, ""),
        "later": (NUMBERS_SCRIPT, "Start=manual"),
        "wrong": ("probe begin { printn(1) }\n", ""),
    }

    def setUp(self):
        self.stapd.wait_until_records("numbers", "counts")
        wait_for(lambda: self.stapd.state("wrong") == "failed", "the wrong script to be refused")

    def dump(self, *words):
        """What it says aside."""
        result = self.stapd.ctl("dump", "numbers", *words)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stderr

    def test_a_misspelt_session(self):
        for verb in ("status", "dump", "attach", "start", "stop", "restart"):
            self.assert_says(self.stapd.ctl(verb, "numbres"), 1,
                             "there is no session 'numbres': did you mean 'numbers'?")
        self.assert_says(self.stapd.ctl("dump", "entirely-other"), 1,
                         f"there is no session 'entirely-other'; what there is: stapctl --root={self.stapd.root} list")

    def test_a_missing_file(self):
        for words in (["read", "/no/such/file"], ["check", "/no/such/file"], ["dump", "numbers", "-o", "/no/such/file"]):
            result = self.stapd.ctl(*words)
            self.assert_says(result, 1, "No such file or directory")
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)

    def test_a_start_of_what_records_an_older_script(self):
        script = self.stapd.root / "etc/stapd/script.d/counts.stp"
        before = script.read_text()
        self.assertEqual(self.stapd.ctl("start", "counts").stderr, "")
        script.write_text(before + "probe begin { }\n")
        try:
            for result in (self.stapd.ctl("start", "counts"), self.stapd.ctl("status", "counts")):
                self.assertEqual(result.returncode, 0)
                self.assertIn("stapctl restart counts", result.stdout + result.stderr)
        finally:
            script.write_text(before)
        self.assertNotIn("Changed", self.stapd.ctl("status", "counts").stdout)

    def test_what_the_translator_warns_of(self):
        self.stapd.add("unused", "probe begin { once = 1; println(1) }\n", "Start=manual")
        self.stapd.ctl("reload")
        for verb in ("start", "restart"):
            result = self.stapd.ctl(verb, "unused")
            self.assertEqual((result.returncode, result.stdout), (0, ""))
            self.assertRegex(result.stderr, r"WARNING: Eliding assignment to 'once': .*unused.stp:1:20\n")
        self.assertIn("WARNING: ", self.stapd.ctl("status", "unused").stdout)
        self.stapd.ctl("stop", "unused")
        self.assertEqual(self.stapd.ctl("start", "later").stderr, "")
        self.stapd.ctl("stop", "later")

    def test_the_same_record_has_the_same_time(self):
        produce(range(500, 700))
        commands = [["dump", "numbers", "-t"]] * 3 + [["attach", "numbers", "-t", "--until=+10ms"]] * 2
        shown = [[line for line in self.stapd.ctl(*words).stdout.splitlines()
                  if 500 <= int(line.split()[-1]) < 700] for words in commands]
        self.assertEqual(len(shown[0]), 200)
        for others in shown[1:]:
            self.assertEqual(shown[0], others)

    def test_a_misspelt_verb(self):
        self.assert_says(self.stapd.ctl("statsu", "numbers"), 2, "there is no verb 'statsu': did you mean 'status'?")

    def test_one_wrong_name_among_several(self):
        self.stapd.ctl("start", "later")
        result = self.stapd.ctl("stop", "nobody", "later", "noone")
        self.assert_says(result, 1, "there is no session 'nobody'", "there is no session 'noone'")
        self.assertEqual(self.stapd.state("later"), "stopped")

    def test_a_profile_whose_script_is_misspelt(self):
        profile = self.stapd.root / "etc/stapd/conf.d/typo.conf"
        profile.write_text("[Session]\nDescription=x\nScirpt=numbers.stp\nStart=manual\n")
        why = f"{profile}:3: unknown key 'Scirpt=' in [Session]; and no Script= in [Session]"
        result = self.stapd.ctl("start", "typo")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (1, "", f"stapctl: {why}\n"))
        self.assertEqual(self.stapd.ctl("status", "typo").stdout,
                         f"    Session: typo\n      State: failed\n    Profile: {profile}\n{why}\n")
        self.assertIn(f"\n     Failed: typo: {why}\n", self.stapd.ctl("status").stdout)
        profile.unlink()
        self.assertIn("typo: its profile is gone\n", self.stapd.ctl("reload").stdout)
        wait_for(lambda: self.stapd.state("typo") is None, "nothing to be known of it")

    def test_every_unknown_key_in_one_line(self):
        self.stapd.add("typos", NUMBERS_SCRIPT, "Start=manual\nColour=red\nColor=red")
        self.assertRegex(self.stapd.ctl("start", "typos").stderr,
                         r"^stapctl: \S+:4: unknown key 'Colour=' in \[Session\]; "
                         r"\S+:5: unknown key 'Color=' in \[Session\]\n$")

    def test_what_was_not_started(self):
        self.stapd.add("never", NUMBERS_SCRIPT, "Start=manual")
        self.stapd.ctl("reload")
        for words in (["dump", "never"], ["attach", "never"], ["dump", "--globals", "never"]):
            self.assert_says(self.stapd.ctl(*words), 1, "never was not started, and recorded nothing",
                             "stapctl start never")

    def test_what_has_failed(self):
        for words in (["dump", "wrong"], ["attach", "wrong"], ["dump", "wrong", "-g"]):
            self.assert_says(self.stapd.ctl(*words), 1, "wrong has failed, and recorded nothing: ",
                             "unresolved function printn")
        self.assertIn("stapctl: wrong has failed; why: stapctl status wrong\n", self.stapd.ctl("list").stderr)
        self.assertRegex(self.stapd.ctl("status").stdout, r"\n +Failed: wrong: .*printn")

    def test_files_that_cannot_be_written(self):
        folder = self.stapd.root / "files"
        self.stapd.add("filed", NUMBERS_SCRIPT, f"Start=manual\n[File]\nPath={folder}/rec")
        self.stapd.ctl("reload")
        self.assertEqual(self.stapd.ctl("start", "filed").returncode, 0)
        self.assertNotIn("filed", self.stapd.ctl("list").stderr)
        shutil.rmtree(folder)
        self.stapd.daemon.send_signal(signal.SIGUSR2)  # a new file
        produce([1])
        wait_for(lambda: "stapctl: filed cannot write its files; why: stapctl status filed\n"
                         in self.stapd.ctl("list").stderr, "list to say it")
        self.assertRegex(self.stapd.ctl("status", "filed").stdout, r"\n +Trouble: ")
        folder.mkdir()
        wait_for(lambda: "filed" not in self.stapd.ctl("list").stderr, "the files to go on")
        self.stapd.ctl("stop", "filed")

    def test_a_time_of_which_nothing_is_there(self):
        produce([1])
        reaches = f"; what it has is of {MOMENT} to {MOMENT}\n"
        self.assertRegex(self.dump("--until=-10min"), f"numbers recorded nothing until {MOMENT}{reaches}")
        self.assertRegex(self.dump("--since=-1h", "--until=-30min"),
                         f"numbers recorded nothing between {MOMENT} and {MOMENT}{reaches}")
        self.assertRegex(self.dump("--since=+1h"),
                         f"numbers recorded nothing since {MOMENT}, which is yet to come{reaches}")
        time.sleep(0.2)
        self.assertRegex(self.dump("--last=1ms"), f"numbers recorded nothing in the last 1ms{reaches}")

    def test_more_time_than_it_has_been_there(self):
        produce([1])
        late = rf"numbers was started at {MOMENT} \(\S+ ago\): there is nothing before that\n"
        self.assertRegex(self.dump("--last=1h"), late)
        self.assertNotRegex(self.dump(), late)
        time.sleep(0.1)
        produce([2])
        self.assertNotRegex(self.dump("--last=100ms"), late)

    def test_nothing_for_which_where_holds(self):
        produce([1])
        self.assertRegex(self.dump("-w", 'text == "nothing like it"'),
                         r"stapctl: 0 records for which --where holds, of [1-9]\d*\n$")

    def test_a_script_that_prints_nothing(self):
        result = self.stapd.ctl("dump", "counts")
        self.assertRegex(result.stderr, rf"counts was started at {MOMENT} \(\S+ ago\), and has recorded nothing so far\n")
        self.assertIn("stapctl dump --globals counts", result.stderr)
        self.assertRegex(self.stapd.ctl("dump", "--globals", "counts").stdout, r"^n=\d+\n$")

    def test_a_script_without_globals(self):
        result = self.stapd.ctl("dump", "numbers", "--globals")
        self.assertEqual((result.returncode, result.stdout), (0, ""))
        self.assertEqual(result.stderr, "stapctl: the script of numbers has no globals\n")

    def test_help_of_one_verb(self):
        for words in (["help", "dump"], ["dump", "--help"], ["dump", "numbers", "--help"]):
            result = self.stapd.ctl(*words)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertTrue(result.stdout.startswith("usage: stapctl dump NAME...\n"))
            for option in ("--globals", "--last", "--where", "--root"):
                self.assertIn(option, result.stdout)
            self.assertNotIn("--all", result.stdout)
        self.assertEqual(self.stapd.ctl("help", "dmp").returncode, 2)

    def test_json_has_the_members_that_are_documented(self):
        produce([41, 42])
        line = self.stapd.ctl("dump", "numbers", "-f", "json").stdout.splitlines()[-1]
        record = json.loads(line)
        self.assertEqual(list(record), ["time", "at", "cpu", "probe", "channel", "text", "fields"])
        self.assertEqual((record["channel"], record["text"], list(record["fields"].values())),
                         ("output", "42\n", [42]))
        self.assertIsInstance(record["time"], int)
        self.assertTrue(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", record["at"]))
        merged = self.stapd.ctl("dump", "numbers", "counts", "-f", "json").stdout.splitlines()[-1]
        self.assertEqual(json.loads(merged)["session"], "numbers")


if __name__ == "__main__":
    main()
