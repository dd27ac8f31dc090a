#!/usr/bin/env python3
"""The shipped profile `opens`: a record of each way to open a file by its name, with that name and the
result, and of nothing else."""

import ctypes
import errno
import os
import platform
import shutil
import struct
import sys
import threading
import unittest
from pathlib import Path

from instance import SKIPPED, InstanceTest, main, wait_for

CONF_D = Path(__file__).resolve().parents[3] / "conf.d"
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
OPEN, CREAT, OPENAT, OPENAT2 = 2, 85, 257, 437  # of x86_64
AT_FDCWD = -100


def call(number, *arguments):
    """The result, or minus the error's number. What was opened is closed."""
    result = LIBC.syscall(ctypes.c_long(number), *[
        argument if isinstance(argument, bytes) else ctypes.c_long(argument)
        for argument in arguments])
    if result < 0:
        return -ctypes.get_errno()
    os.close(result)
    return result


def how(flags, resolve=0):
    """struct open_how."""
    return struct.pack("=QQQ", flags, 0, resolve)


class Opens(InstanceTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for file in CONF_D.glob("opens.*"):
            shutil.copy(file, cls.stapd.root / "etc/stapd/conf.d")

    def setUp(self):
        result = self.stapd.ctl("start", "opens")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.addCleanup(self.stapd.ctl, "stop", "opens")
        self.folder = self.stapd.root / "files"
        self.folder.mkdir()
        self.addCleanup(shutil.rmtree, self.folder)

    def name(self, name):
        return os.fsencode(self.folder / name)

    def shown(self):
        """Of this process, names in its folder and those that cannot be read: ["NAME = RESULT"]."""
        result = self.stapd.ctl("dump", "opens")
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = [line.split(maxsplit=2) for line in result.stdout.splitlines()]
        own = Path("/proc/self/comm").read_text(encoding="utf-8").strip()
        return [line[2].replace(f"{self.folder}/", "") for line in lines
                if line[:2] == [str(os.getpid()), own]
                and (str(self.folder) in line[2] or not line[2].startswith('"'))]

    def test_every_call_that_opens_by_name(self):
        missing = self.name("missing")
        results = [
            call(CREAT, self.name("by creat"), 0o600),
            call(OPEN, self.name("by creat"), os.O_RDONLY, 0),
            call(OPEN, self.name("by open"), os.O_CREAT | os.O_WRONLY, 0o600),
            call(OPENAT, AT_FDCWD, self.name("by openat"), os.O_CREAT | os.O_WRONLY, 0o600),
            call(OPENAT2, AT_FDCWD, self.name("by open"), how(os.O_RDONLY), 24)]
        for result in results:
            self.assertGreaterEqual(result, 0)
        self.assertEqual(
            [call(CREAT, self.name("no/folder"), 0o600), call(OPEN, missing, os.O_RDONLY, 0),
             call(OPENAT, AT_FDCWD, missing, os.O_RDONLY, 0),
             call(OPENAT2, AT_FDCWD, missing, how(os.O_RDONLY), 24),
             call(OPENAT2, AT_FDCWD, self.name("by open"), how(os.O_RDONLY, 1 << 40), 24),
             call(OPENAT, AT_FDCWD, 8, os.O_RDONLY, 0)],
            [-errno.ENOENT] * 4 + [-errno.EINVAL, -errno.EFAULT])
        names = ["by creat", "by creat", "by open", "by openat", "by open"]
        self.assertEqual(self.shown(), [
            *[f'"{name}" = {result}' for name, result in zip(names, results)],
            '"no/folder" = -2 (ENOENT)', *['"missing" = -2 (ENOENT)'] * 3,
            '"by open" = -22 (EINVAL)', "0x8 = -14 (EFAULT)"])

    def test_the_name_of_the_thread_that_opens(self):
        """One waits in its call, while another opens files."""
        fifo, other = self.name("fifo"), self.name("other")
        os.mkfifo(fifo)
        read = []
        waiting = threading.Thread(target=lambda: read.append(call(OPEN, fifo, os.O_RDONLY, 0)))
        waiting.start()
        wait_for(lambda: self.waits_in_the_kernel(waiting.native_id), "the thread to wait")
        created = call(OPEN, other, os.O_CREAT | os.O_WRONLY, 0o600)
        written = call(OPEN, fifo, os.O_WRONLY, 0)
        waiting.join()
        self.assertCountEqual(self.shown(), [f'"other" = {created}', f'"fifo" = {written}',
                                             f'"fifo" = {read[0]}'])

    @staticmethod
    def waits_in_the_kernel(thread):
        text = Path(f"/proc/self/task/{thread}/syscall").read_text(encoding="utf-8")
        return text.split()[0] == str(OPEN)


if __name__ == "__main__":
    if platform.machine() != "x86_64":
        print("numbers of x86_64's calls")
        sys.exit(SKIPPED)
    main()
