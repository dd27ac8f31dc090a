"""How a cost is measured: interleaved rounds, a calm host, costs in terms of the host's speed then.

Every contender (a peer or ourselves) is armed in every round, so that what drifts, drifts for all.
Before each, the producer runs with nothing armed: when that is dearer than it has been, somebody else
uses the host, or something is still armed, and the sample waits or does not count. What a bare system
call cost then says how fast the host is at that moment: a clock that goes up by a tenth would make
the contender that happens to be on cheaper than nothing at all.
"""

import contextlib
import statistics
import time

CALM = 1.25  # a bare event may cost this much more than the cheapest seen, or the host is busy
PATIENCE_SECONDS = 8  # how long a sample waits for a calm host


BARE = "bare"  # the event with nothing armed
YARDSTICK = "syscall"  # the event whose bare cost is the host's speed


class Skip(Exception):
    """A contender cannot run here; the text says why."""


class Invalid(Exception):
    """A sample does not count: the contender did not do what it was measured for."""


class Samples:
    """Costs in ns an event, by contender, each with what the yardstick cost just before."""

    def __init__(self):
        self.costs = {}
        self.why_skipped = {}
        self.notes = []

    def add(self, name, cost, yardstick):
        self.costs.setdefault(name, []).append((cost, yardstick))

    def skip(self, name, why):
        self.why_skipped.setdefault(name, why)

    def cost(self, name):
        """The median, in ns of the host at its fastest; None when there is no sample that counts."""
        if name not in self.costs:
            return None
        fastest = min(yardstick for samples in self.costs.values() for _, yardstick in samples)
        return statistics.median(cost / yardstick * fastest for cost, yardstick in self.costs[name])

    def why(self, name):
        return self.why_skipped.get(name)

    def net(self, name, zero):
        """What `name` costs more than `zero` (None: than nothing); None when either was not measured."""
        ours, base = self.cost(name), 0 if zero is None else self.cost(zero)
        return None if ours is None or base is None else ours - base


class Rounds:
    def __init__(self, producer, milliseconds, sleep=time.sleep, clock=time.monotonic):
        self.producer = producer
        self.milliseconds = milliseconds
        self.bare = {}  # hook -> cheapest bare event so far
        self.yardstick = None
        self.sleep = sleep
        self.clock = clock

    def bare_cost(self, hook):
        return self.producer.run(hook, max(20, self.milliseconds // 5)).median

    def is_calm(self, hook, samples):
        """Measures a bare event, and whether it costs what it always did."""
        cost = self.bare_cost(hook)
        self.yardstick = cost if hook == YARDSTICK else self.bare_cost(YARDSTICK)
        samples.add(BARE, cost, self.yardstick)
        self.bare[hook] = min(cost, self.bare.get(hook, cost))
        # A call costs a third of a nanosecond: below two, the clock's grain is what is seen.
        return cost <= max(CALM * self.bare[hook], self.bare[hook] + 2)

    def wait_for_calm(self, hook, samples):
        deadline = self.clock() + PATIENCE_SECONDS
        while not self.is_calm(hook, samples):
            if self.clock() > deadline:
                return False
            self.sleep(0.5)
        return True

    def sample(self, hook, contender, samples):
        """One contender, armed once. What went wrong is noted; the round goes on."""
        calm = self.wait_for_calm(hook, samples)
        try:
            with contextlib.closing(contender.arm(hook)) as armed:
                made = self.produce(hook, armed)
                armed.finish(made.calls)
        except Skip as reason:
            samples.skip(contender.name, str(reason))
            return
        except Invalid as reason:
            samples.notes.append(f"{contender.name}, {hook}: not counted: {reason}")
            return
        if not calm:
            samples.notes.append(f"{contender.name}, {hook}: not counted: the host was busy")
            return
        samples.add(contender.name, made.median, self.yardstick)

    def produce(self, hook, armed):
        """The events come from our producer, unless the contender brings its own."""
        if hasattr(armed, "run"):
            return armed.run(self.milliseconds)
        return self.producer.run(hook, self.milliseconds)

    def run(self, hook, contenders, rounds):
        samples = Samples()
        self.go_on(hook, contenders, rounds, samples)
        for contender in contenders:
            if samples.cost(contender.name) is None:
                last = next((note for note in reversed(samples.notes)
                             if note.startswith(f"{contender.name}, {hook}: ")), "no sample")
                samples.skip(contender.name, last)
        return samples

    def go_on(self, hook, contenders, rounds, samples):
        """More rounds, for these."""
        for number in range(rounds):
            # Every other round backwards, so that nobody is always behind the same neighbour.
            order = contenders if number % 2 == 0 else contenders[::-1]
            for contender in order:
                if samples.why(contender.name) is None:
                    self.sample(hook, contender, samples)
