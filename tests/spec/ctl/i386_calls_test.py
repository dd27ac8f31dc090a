#!/usr/bin/env python3
"""Calls of 32-bit programs on x86_64: their numbers are those of other calls, for which no probe must
take them. Few probes have a hook each; many share one, which looks at every call of the host."""

import ctypes
import errno
import mmap
import os
import platform
import sys
from pathlib import Path

from instance import SKIPPED, InstanceTest, main

LIBC = ctypes.CDLL(None, use_errno=True)
READLINK = CREAT = 85  # of i386, of x86_64
MAP_32BIT = 0x40       # below 4 GiB, where the pointers of such calls reach
SHOWS = '{ if (pid() == %d && (name == "creat" || name == "readlink")) println(pn()) }' % os.getpid()


class I386Gate:
    """The way into the kernel that 32-bit programs take, and a 64-bit one may take, too."""

    # number, ebx, ecx, edx as a function's first four arguments
    CODE = bytes.fromhex("53 89f8 89f3 87d1 cd80 5b c3")
    TEXT = 64  # where it gets its pointer's text

    def __init__(self):
        self.memory = mmap.mmap(-1, mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_32BIT,
                                mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self.memory[:len(self.CODE)] = self.CODE
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self.function = ctypes.CFUNCTYPE(*[ctypes.c_int] * 5)(self.address)

    def call(self, number, text, second, third):
        """The result, or minus the error's number."""
        self.memory[self.TEXT:self.TEXT + len(text) + 1] = text + b"\0"
        return self.function(number, self.address + self.TEXT, second, third)


class I386Calls(InstanceTest):
    profiles = {
        "few": (f"probe syscall.creat, syscall.creat.return {SHOWS}", ""),
        "many": (f"probe syscall.*, syscall.*.return {SHOWS}", ""),
    }

    def test_they_are_no_other_call(self):
        self.stapd.wait_until_records("few", "many")
        gate = I386Gate()
        self.assertEqual(gate.call(READLINK, b"/proc/self", 0, 0), -errno.EINVAL)
        for session in ("few", "many"):
            self.assertEqual(self.stapd.ctl("dump", session).stdout, "")
        self.assertEqual(LIBC.creat(b"/nowhere/at/all", 0), -1)
        for session in ("few", "many"):
            self.assertEqual(self.stapd.ctl("dump", session).stdout,
                             "syscall.creat\nsyscall.creat.return\n")


if __name__ == "__main__":
    if platform.machine() != "x86_64" or not Path("/proc/sys/abi/vsyscall32").exists():
        print("this kernel runs no programs of i386")
        sys.exit(SKIPPED)
    main()
