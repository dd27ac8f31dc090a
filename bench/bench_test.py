#!/usr/bin/python3
"""The method on a producer and contenders that are made up, so that the right answer is known."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

import bench
from method import Invalid, Rounds, Samples, Skip
from producer import Cost
import results


class Host:
    """Time, what is armed, and what an event costs then."""

    def __init__(self):
        self.time = 0
        self.armed = 0
        self.busy_until = -1
        self.slowness = 1
        self.log = []

    def sleep(self, seconds):
        self.time += seconds

    def run(self, hook, _milliseconds):
        disturbed = 100 if self.time < self.busy_until else 0
        return Cost((100 + self.armed + disturbed) * self.slowness, 90, 110, 1000)


class Contender:
    def __init__(self, host, name, cost, problem=None):
        self.host, self.name, self.cost, self.problem = host, name, cost, problem

    def arm(self, _hook):
        if isinstance(self.problem, Skip):
            raise self.problem
        self.host.log.append(self.name)
        self.host.armed = self.cost
        return self

    def zero(self, _hook):
        return "empty"

    def finish(self, _calls):
        if self.problem:
            raise self.problem

    def close(self):
        self.host.armed = 0


class Method(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.rounds = Rounds(self.host, 100, sleep=self.host.sleep, clock=lambda: self.host.time)

    def run_rounds(self, contenders, rounds=3):
        return self.rounds.run("syscall", contenders, rounds)

    def test_net_over_zero(self):
        samples = self.run_rounds([Contender(self.host, "empty", 40), Contender(self.host, "a", 70)])
        self.assertEqual(samples.net("a", "empty"), 30)
        self.assertEqual(samples.cost("bare"), 100)
        self.assertIsNone(samples.net("unknown", "empty"))

    def test_a_clock_that_drifts_does_not_show(self):
        def slow_down(_calls):
            self.host.slowness *= 1.05
        contenders = [Contender(self.host, "empty", 40), Contender(self.host, "a", 70)]
        for contender in contenders:
            contender.finish = slow_down
        self.assertAlmostEqual(self.run_rounds(contenders).net("a", "empty"), 30)

    def test_rounds_interleave_and_turn_round(self):
        self.run_rounds([Contender(self.host, name, 1) for name in "abc"], rounds=2)
        self.assertEqual("".join(self.host.log), "abccba")

    def test_a_contender_may_bring_its_own_events(self):
        lttng = Contender(self.host, "lttng", 0)
        lttng.run = lambda milliseconds: Cost(7, 7, 7, milliseconds)
        self.assertAlmostEqual(self.run_rounds([lttng]).cost("lttng"), 7)

    def test_skipped_once_is_not_tried_again(self):
        samples = self.run_rounds([Contender(self.host, "a", 1, Skip("not installed"))])
        self.assertEqual(samples.why("a"), "not installed")
        self.assertIsNone(samples.cost("a"))

    def test_a_sample_that_did_not_see_its_events_does_not_count(self):
        samples = self.run_rounds([Contender(self.host, "a", 1, Invalid("armed too late"))])
        self.assertIsNone(samples.cost("a"))
        self.assertIn("armed too late", samples.why("a"))
        self.assertEqual(len(samples.notes), 3)

    def test_waits_for_a_calm_host(self):
        self.run_rounds([Contender(self.host, "a", 10)], rounds=1)
        self.host.busy_until = self.host.time + 2
        samples = self.run_rounds([Contender(self.host, "a", 10)], rounds=1)
        self.assertAlmostEqual(samples.cost("a"), 110)
        self.assertGreaterEqual(self.host.time, 2)

    def test_a_host_that_stays_busy_gives_no_sample(self):
        self.run_rounds([Contender(self.host, "a", 10)], rounds=1)
        self.host.busy_until = self.host.time + 1000
        samples = self.run_rounds([Contender(self.host, "a", 10)], rounds=1)
        self.assertIsNone(samples.cost("a"))
        self.assertIn("busy", samples.why("a"))

    def test_what_stays_armed_is_noticed(self):
        leaky = Contender(self.host, "leaky", 500)
        leaky.close = lambda: None
        samples = self.run_rounds([Contender(self.host, "a", 10), leaky], rounds=2)
        self.assertTrue(any("busy" in note for note in samples.notes))


    def test_rows_near_their_target_get_more_rounds(self):
        def costs(our_record):
            contenders = [Contender(self.host, name, cost) for name, cost in
                          (("empty", 40), ("ringbuf", 140), ("our record", 40 + our_record))]
            return contenders, self.run_rounds(contenders)

        def close(our_record):
            contenders, samples = costs(our_record)
            return [contender.name for contender in bench.close_contenders("syscall", samples, contenders)]
        self.assertEqual(close(70), ["empty", "ringbuf", "our record"])
        self.assertEqual(close(20), [])  # far better than the target
        contenders, samples = costs(70)
        self.rounds.go_on("syscall", contenders[:2], 4, samples)
        self.assertEqual([len(samples.costs[contender.name]) for contender in contenders], [7, 7, 3])


class Results(unittest.TestCase):
    def samples(self, **costs):
        samples = Samples()
        for name, cost in costs.items():
            samples.add(name, cost, 100)
        return samples

    def test_ratio(self):
        row = results.cost_row("r", self.samples(empty=100, ours=130, peer=160), 0.75, "ours", "empty",
                               "peer", "empty")
        self.assertEqual((row["ours"], row["peer"], row["ratio"], row["why"]), (30, 60, 0.5, None))
        self.assertEqual(results.verdict(row), "met")
        self.assertEqual(results.verdict(dict(row, ratio=0.76)), "MISSED")

    def test_skipped_peer_says_why(self):
        samples = self.samples(empty=100, ours=130)
        samples.skip("peer", "not installed")
        row = results.cost_row("r", samples, 0.75, "ours", "empty", "peer", "empty")
        self.assertEqual((row["peer"], row["ratio"], row["why"]), (None, None, "peer: not installed"))
        self.assertEqual(results.verdict(row), "-")

    def test_peer_within_the_noise_gives_no_ratio(self):
        row = results.row("r", 3, -1, "ns", None)
        self.assertIsNone(row["ratio"])
        self.assertIn("noise", row["why"])

    def test_file_is_a_list_of_rows_with_these_keys(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "build/bench/results.json")
            results.write([results.row("r", 1, 2, "ms", 0.3)], path)
            rows = json.loads(path.read_text())
        self.assertEqual(rows, [{"name": "r", "ours": 1, "peer": 2, "unit": "ms", "ratio": 0.5,
                                 "target": 0.3, "why": None}])


if __name__ == "__main__":
    unittest.main()
