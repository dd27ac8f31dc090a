#!/usr/bin/env python3
"""The tapset against an installed SystemTap: names, variables and formats of system calls, all types.

SystemTap's own tapset is read as text: which probe points it has, which variables their bodies set and
how argstr is put together. Types are checked by SystemTap's second pass, on our tapset with what only
our translator knows replaced by functions.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import stap_oracle

OURS = Path(__file__).resolve().parents[2] / "tapsets"
THEIRS = Path("/usr/share/systemtap/tapset/linux")

# Theirs, and not calls of x86_64's programs of 64 bits: older kernels', other machines', 32-bit ones.
NOT_OF_X86_64 = set("""bdflush chown16 fadvise64_64 fchown16 fstatfs64 ftruncate64 get_thread_area
    gethostname ipc lchown16 llseek mmap mmap32 ni_syscall nice nfsservctl oldumount pipe32 pselect7
    pwrite32 readdir rt_sigaction32 set_thread_area setregid16 setresgid16 setresuid16 setreuid16
    settimeofday32 sgetmask sigaction sigaction32 signal sigpending sigprocmask sigreturn sigsuspend
    ssetmask statfs64 stime sysctl32 timerfd truncate64 tux ustat32 vm86_warning waitpid
    socketcall fstat64 getresgid16 getresuid16 lstat64 stat64 fstatat64""".split())
# Variables that are an accident: misspelt, of one other machine, or of the tapset's inner workings.
NOT_MEANT = {"clone": {"stack_size"}, "mkdirat": {"pahtname_unquoted"}, "uname": {"_func_name"}}
# Where our format says the same in other words.
SAME_TEXT = {"lookup_dcookie", "signalfd", "pipe"}


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return re.sub(r"(?m)^\s*#.*$|//.*$", "", text)


def macros_of(text):
    return {name: body for name, body in
            re.findall(r"@define\s+(\w+)(?:\([^)]*\))?\s*%\((.*?)%\)(?=\s)", text, re.S)}


def variables_of(body):
    return {name for name in re.findall(r"(?:^|[;{\s])([a-z_]\w*)\s*=[^=]", body)
            if not name.startswith("__")}


def formats_of(body):
    sprints = re.findall(r'argstr\s*=\s*sprintf\s*\(\s*("[^"]*")', body)
    return set(sprints) | set(re.findall(r'argstr\s*=\s*(sprint\(\w+\)|"")', body))


def their_probes():
    """Probe point -> variables that any of its ways sets; file's name -> formats."""
    variables, formats = {}, {}
    for path in [*THEIRS.glob("sysc_*.stp"), *THEIRS.glob("x86_64/sysc_*.stp")]:
        text = without_comments(path.read_text())
        old = r"%\(\s*systemtap_v <[^%]*%\?"
        text = re.sub(old + r"(.*?)%:(.*?)%\)", r"\2", text, flags=re.S)
        text = re.sub(old + r".*?%\)", "", text, flags=re.S)
        formats.setdefault(path.stem.removeprefix("sysc_"), set()).update(formats_of(text))
        macros = {name: body for name, body in re.findall(
            r"@define\s+(\w+)(?:\([^)]*\))?\s*%\((.*?)\n%\)", text, re.S)}
        probe = r"(?m)^probe (?:nd\d?|dw|tp)_syscall\.(\w+)(\.return)?\s*=[^{]*\{(.*?)^\}"
        for name, suffix, body in re.findall(probe, text, re.S):
            for macro in re.findall(r"@(\w+)", body):
                body += "" if "STORE" in macro else macros.get(macro, "")
            variables.setdefault(name + suffix, set()).update(variables_of(body))
    return variables, formats


WAYS = ("syscall.", "nd_syscall.", "dw_syscall.", "tp_syscall.")


def our_probes(faults):
    variables, formats = {}, {}
    for path in OURS.glob("syscalls/*.stp"):
        text = without_comments(path.read_text())
        macros = macros_of(text) | macros_of((OURS / "syscalls/syscalls.stpm").read_text())
        bodies = {}
        probe = r"(?m)^probe\s+([\w.\s=]*?)\s*=\s*([^={]*)\{(.*?)\}(?=\s*(?:\n|$))"
        for names, points, body in re.findall(probe, text, re.S):
            for macro in re.findall(r"@(\w+)", body):
                body += "\n" + macros.get(macro, "")
            names = re.split(r"\s*=\s*", names)
            call = names[0].removeprefix("syscall.")
            if names[0].startswith("syscall.") and names != [way + call for way in WAYS]:
                faults.append(f"{names[0]}: not all four ways: {names}")
            bodies[names[0]] = (points, body)
        for name, (points, body) in bodies.items():
            if not name.startswith("syscall."):
                continue
            for inner in re.findall(r"__call\.\w+(?:\.return)?", points):
                body += "\n" + bodies[inner][1]
            call = name.removeprefix("syscall.")
            variables[call] = variables_of(body)
            formats[call] = formats_of(body)
    return variables, formats


def check_names():
    faults = []
    theirs, their_formats = their_probes()
    ours, our_formats = our_probes(faults)
    for name, wanted in sorted(theirs.items()):
        call = name.removesuffix(".return")
        if call in NOT_OF_X86_64 or call.startswith(("compat_", "socketcall")):
            continue
        if name not in ours:
            faults.append(f"syscall.{name}: missing")
            continue
        missing = wanted - ours[name] - NOT_MEANT.get(name, set())
        if missing:
            faults.append(f"syscall.{name}: no variables {', '.join(sorted(missing))}")
    for name, found in sorted(our_formats.items()):
        wanted = their_formats.get(name)
        if wanted is not None and name not in SAME_TEXT and not found <= wanted:
            faults.append(f"syscall.{name}: argstr {found - wanted}, theirs {wanted}")
    if len(theirs) < 600 or len(ours) < 600:
        faults.append(f"found only {len(theirs)} and {len(ours)} probe points: the reading is broken")
    return faults


# What stands in for the context of a system call, and for what is not in our tapset.
STAND_INS = """
function given:long(n:long) %{ /* pure */ STAP_RETVALUE = 0; %}
function ctime:string(a:long) %{ /* pure */ %}
"""
BUILTINS = OURS.parent / "translator/builtin/builtins.def"
TYPES = {"i": ":long", "s": ":string", "-": ""}


def declared_builtins():
    """Our translator's own functions as SystemTap can know them: embedded C that does nothing."""
    found = re.findall(r'(?m)^STAPD_BUILTIN\((\w+), "([is-]):([is]*)"', BUILTINS.read_text())
    for name, result, parameters in found:
        parameters = ", ".join(f"p{i}{TYPES[p]}" for i, p in enumerate(parameters))
        body = "" if result != "i" else " STAP_RETVALUE = 0;"
        yield f"function __builtin_{name}{TYPES[result]}({parameters}) %{{ /* pure */{body} %}}\n"


def for_systemtap(text):
    text = re.sub(r'__syscall\("[^"]*"\)\.return(?: \?)?', "end", text)
    text = re.sub(r'__syscall\("[^"]*"\)(?: \?)?', "begin", text)
    text = re.sub(r"@entry\(([^()]*)\)", r"\1", text)
    return re.sub(r"\$arg(\d)", r"given(\1)", text).replace("$return", "given(0)")


def calls_of_all_functions():
    """A call of each function of ours, so that none is left out as unused."""
    values = {"long": "0", "string": '""'}
    for path in sorted(OURS.rglob("*.stp")):
        function = r"(?m)^function (\w+):\w+\(([^)]*)\)"
        for name, parameters in re.findall(function, path.read_text()):
            kinds = re.findall(r":(\w+)", parameters)
            yield f"{name}({', '.join(values[kind] for kind in kinds)})"


def check_types(work):
    tapset = work / "tapset"
    tapset.mkdir()
    for path in [*OURS.rglob("*.stp"), *OURS.rglob("*.stpm")]:
        if path.name != "syscall_any.stp":
            (tapset / path.name).write_text(for_systemtap(path.read_text()))
    (tapset / "shim.stp").write_text(STAND_INS + "".join(declared_builtins()))
    kernel = stap_oracle.make_kernel_build(work / "kernel")
    script = ("probe syscall.* { println(name, argstr) }\n"
              "probe syscall.*.return { println(name, retstr, retval) }\n"
              f"probe begin {{ println({', '.join(calls_of_all_functions())}) }}")
    done = subprocess.run(["stap", "-r", kernel, "-a", "x86_64", "-u", "-p2", "-e", script],
                          env={**os.environ, "SYSTEMTAP_TAPSET": str(tapset)}, text=True,
                          capture_output=True, check=False)
    probes = done.stdout.count("<- syscall.")
    if done.returncode == 0 and probes > 600:
        return []
    return [f"SystemTap's pass 2: exit {done.returncode}, {probes} probes", done.stderr.strip()]


def main():
    if not stap_oracle.available():
        print("SystemTap is not installed")
        return 77
    faults = check_names()
    with tempfile.TemporaryDirectory() as work:
        faults += check_types(Path(work))
    print("\n".join(faults) or "the system call tapset has what SystemTap's has")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
