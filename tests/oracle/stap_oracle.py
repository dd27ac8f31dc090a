"""Asks Debian's SystemTap what it thinks of a script, and remembers the answer.

The passes 1 and 2 of `stap` need no kernel tree for scripts that are independent of the kernel: a
build folder with a release and a configuration is enough. Answers are kept below the build folder,
by command and by the contents of the files it reads, so that only the first run is slow.
"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

STAP = shutil.which("stap")
VERSION = "4.8"
TAPSET = "/usr/share/systemtap/tapset"
EXAMPLES = "/usr/share/systemtap/examples"


def available():
    return STAP is not None and os.path.isdir(TAPSET)


def make_kernel_build(folder):
    """A build folder that is enough for pass 1 and 2."""
    folder = pathlib.Path(folder)
    (folder / "include/generated").mkdir(parents=True, exist_ok=True)
    (folder / "include/config").mkdir(parents=True, exist_ok=True)
    files = {
        "include/config/kernel.release": "6.1.0-stapd\n",
        "include/generated/utsrelease.h": '#define UTS_RELEASE "6.1.0-stapd"\n',
        "Module.symvers": "",
        ".config": "CONFIG_SMP=y\nCONFIG_HZ=250\nCONFIG_NR_CPUS=8\nCONFIG_X86_64=y\n"
                   "CONFIG_MODULES=y\nCONFIG_KPROBES=y\nCONFIG_UPROBES=y\n"
                   "CONFIG_UTRACE=y\nCONFIG_DEFAULT_HOSTNAME=\"(none)\"\n",
    }
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    return str(folder)


def make_small_tapset(folder):
    """SystemTap's tapset without its system calls, four fifths of what every start of it reads."""
    folder = pathlib.Path(folder)
    for path in pathlib.Path(TAPSET).rglob("*.stp*"):
        if path.name.startswith("sysc_"):
            continue
        link = folder / path.relative_to(TAPSET)
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(path)
    return str(folder)


class Oracle:
    def __init__(self, cache_folder):
        self.folder = pathlib.Path(cache_folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.build = make_kernel_build(self.folder / "kernel_build")
        self.small_tapset = make_small_tapset(self.folder / "tapset")

    def run(self, arguments, script=b"", system_calls=True):
        """(exit status, stdout, stderr) of `stap -r BUILD ARGUMENTS`; `script` is its stdin, for the
        script name `-`: a file of the tapset is refused by its own name. Without `system_calls`
        their part of the tapset is left out."""
        key = hashlib.sha256()
        key.update(json.dumps([VERSION, arguments, system_calls]).encode())
        key.update(script)
        answer = self.folder / (key.hexdigest() + ".json")
        if answer.exists():
            return tuple(json.loads(answer.read_text()))
        environment = dict(os.environ)
        if not system_calls:
            environment["SYSTEMTAP_TAPSET"] = self.small_tapset
        done = subprocess.run([STAP, "-r", self.build] + arguments, input=script, env=environment,
                              capture_output=True, timeout=120)
        result = (done.returncode, done.stdout.decode(errors="replace"),
                  done.stderr.decode(errors="replace"))
        if done.returncode != 0 and (
                "usage error" in result[2] or
                not re.search(r"Pass [12]: |no probes found|semantic error", result[1] + result[2])):
            raise RuntimeError("stap does not work here: " + result[2])
        partial = answer.with_suffix(".part%d" % os.getpid())
        partial.write_text(json.dumps(result))
        partial.rename(answer)
        return result
