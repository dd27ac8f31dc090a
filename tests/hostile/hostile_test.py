#!/usr/bin/env python3
"""Scripts that are made to take the translator down: each ends in a clear error, within seconds and
within a bound of memory.

usage: hostile_test.py TRANSLATE_FOR_TESTS [NAME...]
"""
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import threading
import time

TAPSETS = pathlib.Path(__file__).resolve().parents[2] / "tapsets"
SECONDS = 30  # of processor time; the slowest takes 3 on a slow machine
MEMORY = 1 << 30
MANY = 100_000


def each(pattern, count=MANY):
    return "".join(pattern.replace("#", str(i)) for i in range(count))


def nested(opening, inside, closing, count=MANY):
    return opening * count + inside + closing * count


# Name, script, and the kind of the error; "" where the script is only large.
SCRIPTS = [
    ("parentheses", "probe begin { println(" + nested("(", "1", ")") + ") }", "nested_too_deep"),
    ("blocks", "probe begin " + nested("{", "", "}"), "nested_too_deep"),
    ("negations", "probe begin { println(" + "!" * MANY + "1) }", "nested_too_deep"),
    ("ifs", "probe begin { " + "if (1) " * MANY + "exit() }", "nested_too_deep"),
    ("elses", "probe begin { " + "if (0) exit() else " * MANY + "exit() }", "nested_too_deep"),
    ("loops", "probe begin { " + "while (1) " * MANY + "; }", "nested_too_deep"),
    ("catches", "probe begin { " + nested("try {", "", "}") + " }", "nested_too_deep"),
    ("indexes", "global a probe begin { println(" + nested("a[", "1", "]") + ") }",
     "nested_too_deep"),
    ("conditionals", "probe begin { println(" + "1 ? 1 : " * MANY + "1) }", "nested_too_deep"),
    ("operators", "probe begin { println(1" + "+1" * MANY + ") }", "nested_too_deep"),
    ("concatenations", 'probe begin { println("a"' + '."b"' * MANY + ") }", "nested_too_deep"),
    ("preprocessor", nested("%( 1 == 1 %? ", "probe begin { }", " %)"), "expansion_too_deep"),
    ("macro_of_itself", "@define a %( @a %) probe begin { println(@a) }", "recursive_macro"),
    ("macros_that_double",
     "@define m0 %( 1 + 1 %)\n"
     + "".join(f"@define m{i} %( @m{i - 1} + @m{i - 1} %)\n" for i in range(1, 60))
     + "probe begin { println(@m59) }", "expansion_too_large"),
    ("macro_arguments_that_double",
     "@define m(x) %( @x + @x %) probe begin { println(" + nested("@m(", "1", ")", 60) + ") }",
     "expansion_too_large"),
    ("alias_of_itself", "probe a = b { } probe b = a { } probe a { println(1) }",
     "recursive_alias"),
    ("aliases_that_double",
     "probe x0 = begin { }\n" + "".join(f"probe x{i} = x{i - 1}, x{i - 1} {{ }}\n"
                                        for i in range(1, 40)) + "probe x39 { println(1) }",
     "too_many_probes"),
    ("braces_that_double", "probe x" + ".{a,b}" * 40 + " { println(1) }",
     "too_many_points"),
    ("a_million_probes_by_wildcard",
     "".join(f"probe a{i}.b{i} = begin {{ }}\n" for i in range(2000))
     + "probe " + ", ".join(["a*.b*"] * 500) + " { println(1) }", "too_many_probes"),
    ("bytes_of_no_encoding", b'probe begin { println("\xff\xfe") \x80\x81 }', "expected_statement"),
    ("zeros", b"\0" * MANY, "expected_declaration"),
    ("endless_comment", "/* " * MANY, "empty_script"),
    ("endless_string", 'probe begin { println("' + "x" * 1_000_000 + "\n", "unterminated_string"),
    ("long_string", 'probe begin { println("' + "x" * 15_000_000 + '") }', ""),
    ("deep_calls", "".join(f"function f{i}() {{ return f{i + 1}() }}\n" for i in range(MANY))
     + f"function f{MANY}() {{ return 1 }} probe begin {{ println(f0()) }}", "call_chain_too_deep"),
    ("functions", each("function f#() { return # }\n")
     + "probe begin { " + each("println(f#())\n") + " }", ""),
    ("functions_that_are_missing", "probe begin { " + each("println(f#())\n") + " }",
     "unresolved_function"),
    ("globals", "global " + ", ".join(f"g{i}" for i in range(MANY)) + " probe begin { "
     + each("g# = #\n") + " println(g1) }", ""),
    ("locals", "probe begin { " + each("v# = #\n") + " println(v1) }", ""),
    ("locals_without_a_type", "probe begin { " + each("println(w#)\n") + " }", "unresolved_type"),
    ("points_that_are_missing", each("probe nothing# { println(1) }\n"), "no_such_probe_point"),
    ("regex_that_doubles", 'probe begin { println("a" =~ "' + "(a{100}){100}" * 9 + '") }',
     "bad_regex"),
    ("regex_of_many_states", 'probe begin { println("a" =~ "(a|b)*a(a|b){30}", ngroups()) }',
     "bad_regex"),
    ("regex_of_many_groups", 'probe begin { println("a" =~ "' + "(a*)*" * MANY + '") }',
     "bad_regex"),
]


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(tool, path):
    """Complaint, or None; and the kinds of the errors, or the message of an unreadable script."""
    began = time.monotonic()
    done = subprocess.run([tool, "--phase=elaborate", "--kinds", "-w", "-I", str(TAPSETS), str(path)],
                          preexec_fn=limit, capture_output=True, timeout=600, check=False)
    messages = done.stderr.decode(errors="replace")
    kinds = [line.split()[1] for line in messages.splitlines() if line.startswith("       kind: ")]
    if done.returncode not in (0, 1):
        return f"exit status {done.returncode} after {time.monotonic() - began:.1f} s", kinds
    if len(done.stderr) > 2_000_000:
        return f"{len(done.stderr)} bytes of messages", kinds
    if done.returncode == 1 and not messages.strip():
        return "it fails and does not say why", kinds
    return None, kinds if done.returncode == 1 else [""]


def check_script(tool, folder, script, wanted):
    path = folder / "script.stp"
    path.write_bytes(script if isinstance(script, bytes) else script.encode())
    complaint, kinds = run(tool, path)
    if not complaint and wanted not in kinds:
        complaint = f"the kinds are {sorted(set(kinds))}, not {wanted!r}"
    return complaint


def feed(pipe, size):
    """A string literal of `size` bytes, as long as somebody reads."""
    try:
        with open(pipe, "wb", buffering=0) as out:
            out.write(b'probe begin { println("')
            for _ in range(size >> 20):
                out.write(b"x" * (1 << 20))
            out.write(b'") }')
    except BrokenPipeError:
        pass


def check_inputs(tool, folder):
    """What is given as the script, and is no text of reasonable size."""
    sparse = folder / "sparse.stp"
    with open(sparse, "wb") as out:
        out.truncate(1 << 30)
    stream = folder / "stream.stp"
    os.mkfifo(stream)
    feeder = threading.Thread(target=feed, args=(stream, 1 << 30), daemon=True)
    feeder.start()
    for name, path in (("folder", folder), ("endless_device", "/dev/zero"),
                       ("sparse_gigabyte", sparse), ("gigabyte_literal", stream),
                       ("missing", folder / "missing.stp")):
        complaint, kinds = run(tool, path)
        yield name, complaint or ("accepted" if kinds == [""] else None)


def main():
    tool, *names = sys.argv[1:]
    failures = count = 0
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        results = ((name, check_script(tool, folder, script, kind))
                   for name, script, kind in SCRIPTS if not names or name in names)
        for source in (results, check_inputs(tool, folder) if not names else ()):
            for name, complaint in source:
                count += 1
                failures += bool(complaint)
                if complaint:
                    print(f"FAIL {name}: {complaint}")
    print(f"{count} scripts, {failures} failures")
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main())
