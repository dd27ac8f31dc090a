#!/usr/bin/env python3
"""Random valid scripts: the daemon's VM and the kernel must print the same, and the verifier must take
every one.

usage: random_scripts.py STAP [--seconds N] [--seed FIRST] [--show SEED]
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile
import time

import run

INTEGERS = ["g0", "g1", "g2"]
STRINGS = ["s0", "s1"]
ARRAYS = {"by_number": "i", "by_text": "s", "by_both": "is"}  # of integers; letters: the key
TEXTS = {"texts": "i"}                                        # of strings
STATISTICS = ["st"]
STATISTIC_ARRAYS = {"sa": "i"}
NUMBERS = [0, 1, 2, 3, 7, -1, -5, 63, 64, 100, 255, 1 << 31, -(1 << 31), (1 << 63) - 1, 12345678901]
WORDS = ["", "a", "b", "ab", "xyz", "sixteen bytes ok", "a longer text of thirty bytes"]


class Script:
    """Statements know how deep they are, what loops around them walk over, and which names are set
    by loops."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.locals = []      # integers that may be read
        self.walked = set()   # arrays that must not be changed
        self.in_function = False
        self.counter = 0

    def pick(self, choices):
        return self.random.choice(list(choices))

    def chance(self, share):
        return self.random.random() < share

    def number(self, depth):
        if depth <= 0 or self.chance(0.25):
            leaves = [lambda: str(self.pick(NUMBERS)), lambda: self.pick(INTEGERS)]
            if self.locals:
                leaves.append(lambda: self.pick(self.locals))
            return self.pick(leaves)()
        return self.pick([self.arithmetic, self.comparison, self.question, self.element,
                          self.statistic, self.text_number, self.call])(depth - 1)

    def arithmetic(self, depth):
        operator = self.pick(["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", ">>>", "&&", "||"])
        return f"({self.number(depth)} {operator} {self.number(depth)})"

    def comparison(self, depth):
        operator = self.pick(["<", "<=", ">", ">=", "==", "!="])
        if self.chance(0.3):
            return f"({self.text(depth)} {operator} {self.text(depth)})"
        return f"({self.number(depth)} {operator} {self.number(depth)})"

    def question(self, depth):
        kind = self.pick("?!-~")
        if kind == "?":
            return f"({self.number(depth)} ? {self.number(depth)} : {self.number(depth)})"
        return f"({kind}{self.pick(INTEGERS)})"

    def key(self, letters, depth):
        # Few different keys, so that elements are met again.
        return ", ".join(f"(({self.number(depth)}) & 7)" if letter == "i" else self.text(0)
                         for letter in letters)

    def element(self, depth):
        name, letters = self.pick(ARRAYS.items())
        key = self.key(letters, depth)
        if self.chance(0.2):
            return f"([{key}] in {name})"
        return f"{name}[{key}]"

    def statistic(self, depth):
        if self.chance(0.5):
            return f"@{self.pick(['count', 'sum', 'min', 'max', 'avg', 'variance'])}(st)"
        return f"@{self.pick(['count', 'sum', 'max'])}(sa[{self.key('i', depth)}])"

    def text_number(self, depth):
        return self.pick([lambda: f"strlen({self.text(depth)})",
                          lambda: f"strtol({self.text(depth)}, 10)",
                          lambda: f"isinstr({self.text(depth)}, {self.text(0)})"])()

    def call(self, depth):
        if self.in_function:
            return self.pick(INTEGERS)
        return self.pick([lambda: f"scale({self.number(depth)}, {self.number(depth)})",
                          lambda: f"down({self.number(depth)} & 7)"])()

    def text(self, depth):
        if depth <= 0 or self.chance(0.3):
            return self.pick([lambda: '"%s"' % self.pick(WORDS), lambda: self.pick(STRINGS)])()
        depth -= 1
        return self.pick([
            lambda: f"({self.text(depth)} . {self.text(depth)})",
            lambda: f"sprint({self.number(depth)})",
            lambda: f"substr({self.text(depth)}, {self.pick([0, 1, 3])}, {self.pick([0, 2, 9])})",
            lambda: f"texts[{self.key('i', depth)}]",
            lambda: f"({self.number(depth)} ? {self.text(depth)} : {self.text(depth)})",
            lambda: f'sprintf("%{self.pick(["", "5", "-6", "05"])}d|%.3s", {self.number(depth)}, '
                    f"{self.text(depth)})",
            lambda: f"str_replace({self.text(depth)}, \"a\", {self.text(0)})"
            if not self.in_function else self.pick(STRINGS),
        ])()

    def block(self, depth, count):
        return "{ " + "; ".join(self.statement(depth) for _ in range(count)) + " }"

    def statement(self, depth):
        simple = [self.assignment, self.update, self.print, self.remove, self.accumulate]
        compound = [self.branch, self.loop, self.walk, self.attempt, self.walk]
        if depth <= 0 or self.chance(0.6):
            return self.pick(simple)()
        return self.pick(compound)(depth - 1)

    def changeable(self, names):
        return [name for name in names if name not in self.walked]

    def assignment(self):
        kind = self.random.randrange(4)
        arrays = self.changeable(ARRAYS)
        if kind == 0:
            return f"{self.pick(INTEGERS)} = {self.number(3)}"
        if kind == 1:
            return f"{self.pick(STRINGS)} = {self.text(2)}"
        if kind == 2 and self.changeable(TEXTS):
            return f"texts[{self.key('i', 1)}] = {self.text(2)}"
        if not arrays:
            return ""
        name = self.pick(arrays)
        return f"{name}[{self.key(ARRAYS[name], 1)}] = {self.number(2)}"

    def update(self):
        operator = self.pick(["+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="])
        arrays = self.changeable(ARRAYS)
        if self.chance(0.3):
            return f"{self.pick(STRINGS)} .= {self.text(1)}"
        if self.chance(0.5) or not arrays:
            return f"{self.pick(INTEGERS)} {operator} {self.number(2)}"
        name = self.pick(arrays)
        target = f"{name}[{self.key(ARRAYS[name], 1)}]"
        return f"{target}++" if self.chance(0.4) else f"{target} {operator} {self.number(1)}"

    def accumulate(self):
        if self.chance(0.6) or "sa" in self.walked:
            return f"st <<< {self.number(1)} % 1000"
        return f"sa[{self.key('i', 1)}] <<< {self.number(1)} & 0xffff"

    def print(self):
        if self.chance(0.1):
            return "if (@count(st)) print(@hist_log(st))"
        return f'printf("%d %{self.pick(["x", "8d", "-4o", "+d", "#x"])} [%{self.pick(["", "12", "-9", ".4"])}s]' \
               f'\\n", {self.number(2)}, {self.number(2)}, {self.text(2)})'

    def remove(self):
        arrays = self.changeable(ARRAYS)
        if not arrays or self.chance(0.5):
            return f"delete {self.pick(INTEGERS)}" if self.chance(0.2) else self.print()
        name = self.pick(arrays)
        if name == "by_both":
            return f"delete by_both[{self.pick(['*, ' + self.text(0), self.key('i', 0) + ', *'])}]"
        return f"delete {name}[{self.key(ARRAYS[name], 1)}]"

    def branch(self, depth):
        text = f"if ({self.number(2)}) {self.block(depth, 2)}"
        return text + (f" else {self.block(depth, 1)}" if self.chance(0.4) else "")

    def fresh(self):
        self.counter += 1
        return f"i{self.counter}"

    def loop(self, depth):
        name = self.fresh()
        self.locals.append(name)
        leave = self.pick(["", f"if ({name} == 2) continue; ", f"if ({name} > 2) break; "])
        body = self.block(depth, 2)
        self.locals.remove(name)
        return f"for ({name} = 0; {name} < {self.pick([0, 1, 3, 5])}; {name}++) {{ {leave}{body} }}"

    def walk(self, depth):
        name = self.pick([*ARRAYS, "texts", "sa"])
        letters = ARRAYS.get(name, "i")
        keys = [self.fresh() for _ in letters]
        shown = list(keys)
        sorts = ["", "+", "-"]
        place = self.random.randrange(len(keys) + 1)
        sort = self.pick(sorts)
        if place < len(keys):
            shown[place] += sort
            behind = ""
        else:
            behind = sort
            if name == "sa" and sort:
                behind = f" @{self.pick(['count', 'sum', 'min', 'max', 'avg'])}{sort}"
        limit = f" limit {self.number(1)} & 7" if self.chance(0.3) else ""
        added = [key for key, letter in zip(keys, letters) if letter == "i"]
        fresh_walk = name not in self.walked
        self.locals += added
        self.walked.add(name)
        body = self.block(depth, 1)
        if fresh_walk:
            self.walked.remove(name)
        for key in added:
            self.locals.remove(key)
        values = " . \" \" . ".join(f"sprint({key})" for key in keys)
        return f"foreach ([{', '.join(shown)}] in {name}{behind}{limit}) {{ println({values}); {body} }}"

    def attempt(self, depth):
        return f"try {self.block(depth, 2)} catch (message) {{ println(message) }}"

    def text_of(self):
        self.in_function = True
        functions = (f"function scale(a, b) {{ if (a > b) return a - b; return {self.number(2)} }}\n"
                     f"function down(n) {{ if (n <= 0) return {self.number(1)};"
                     f" return down(n - 1) + {self.number(1)} }}\n")
        self.in_function = False
        names = ", ".join(["g0 = 3", "g1 = -7", "g2", 's0 = "start"', "s1", *ARRAYS, *TEXTS,
                           *STATISTICS, *STATISTIC_ARRAYS, "message"])
        first = ("  by_number[1] = 1; by_text[\"a\"] = 2; by_both[1, \"a\"] = 3; texts[1] = \"t\";"
                 " st <<< 1; sa[1] <<< 1; s1 = \"\"; g2 = 0; message = \"\"")
        body = "\n".join("  " + self.statement(2) for _ in range(self.random.randrange(4, 12)))
        last = ("  foreach (k+ in by_number) printf(\"%d=%d \", k, by_number[k]);"
                " foreach (t+ in by_text) printf(\"%s=%d \", t, by_text[t]);"
                " foreach ([k+, t] in by_both) printf(\"%d,%s=%d \", k, t, by_both[k, t]);"
                " foreach (k+ in texts) printf(\"%d=%s \", k, texts[k]);"
                " foreach (k+ in sa) printf(\"%d=%d/%d \", k, @count(sa[k]), @sum(sa[k]));"
                " printf(\"%d %d %d %s %s %d\\n\", g0, g1, g2, s0, s1, @sum(st))")
        return (f"global {names}\n{functions}probe begin {{\n{first}\n{body}\n}}\n"
                f"probe begin(1) {{\n{last}\n  exit()\n}}\n")


def outcomes(stap, text):
    with tempfile.NamedTemporaryFile("w", suffix=".stp") as file:
        file.write(text)
        file.flush()
        for options in run.PLACES.values():
            # An error ends a handler, and the one that shows the globals comes nevertheless.
            done = subprocess.run([stap, "-w", "-D", "MAXERRORS=9", *options, file.name],
                                  capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
                                  check=False)
            yield done.returncode, done.stdout, done.stderr.replace(file.name.encode(), b"SCRIPT")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stap")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int)
    arguments = parser.parse_args()
    stap = os.path.abspath(arguments.stap)
    if arguments.show is not None:
        print(Script(arguments.show).text_of())
        return 0
    if os.geteuid() != 0:
        print("needs root")
        return run.SKIPPED
    end, seed, failed = time.monotonic() + arguments.seconds, arguments.seed, 0
    while time.monotonic() < end and failed < 5:
        text = Script(seed).text_of()
        daemon, kernel = outcomes(stap, text)
        if daemon != kernel or daemon[0] != 0:
            failed += 1
            print(f"seed {seed}: (status, output, errors)\n  in the daemon {daemon}\n"
                  f"  in the kernel {kernel}")
        seed += 1
    print(f"{seed - arguments.seed} scripts from seed {arguments.seed} on, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
