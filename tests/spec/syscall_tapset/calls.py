#!/usr/bin/env python3
"""Makes system calls with known arguments and writes what a probe must say of each, one a line.

usage: calls.py EXPECTED FOLDER. The lines are "name(argstr) = retstr", in the order of the calls.
"""

import ctypes
import os
import socket
import struct
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
NUMBERS = dict(read=0, write=1, open=2, close=3, stat=4, fstat=5, poll=7, lseek=8, mmap=9, mprotect=10,
               munmap=11, rt_sigprocmask=14, ioctl=16, pread64=17, access=21, pipe=22, select=23,
               dup=32, dup2=33, nanosleep=35, socket=41, connect=42, sendto=44, bind=49, listen=50,
               socketpair=53, kill=62, uname=63, fcntl=72, flock=73, truncate=76, getcwd=79, chdir=80,
               rename=82, mkdir=83, rmdir=84, creat=85, link=86, unlink=87, symlink=88, readlink=89,
               chmod=90, umask=95, prctl=157, futex=202, epoll_ctl=233, openat=257, mkdirat=258,
               newfstatat=262, unlinkat=263, utimensat=280, accept4=288, eventfd2=290,
               epoll_create1=291, dup3=292, pipe2=293, prlimit64=302, renameat2=316,
               memfd_create=319, execveat=322, execve=59, wait4=61)
ERRORS = {getattr(__import__("errno"), name): name for name in dir(__import__("errno"))
          if name.startswith("E") and name not in ("EWOULDBLOCK", "EDEADLOCK", "ENOTSUP")}


class Memory:
    """Bytes of our own whose address a call gets; touched, so that the kernel can read them."""

    def __init__(self, data):
        self.buffer = ctypes.create_string_buffer(data, len(data) + 1)
        self.address = ctypes.addressof(self.buffer)


def returned(value):
    if value >= 0:
        return str(value)
    return f"{value} ({ERRORS[-value]})" if -value in ERRORS else str(value)


class Calls:
    def __init__(self, expected):
        self.expected = expected
        self.kept = []

    def text(self, string):
        return self.memory(string.encode()).address

    def memory(self, data):
        self.kept.append(Memory(data))
        return self.kept[-1]

    def call(self, name, *arguments):
        """The result, or minus the error's number."""
        words = [ctypes.c_long(a) for a in arguments]
        result = LIBC.syscall(ctypes.c_long(NUMBERS[name]), *words)
        return result if result != -1 else -ctypes.get_errno()

    def expect(self, name, argstr, result, retstr=None):
        self.expected.write(f"{name}({argstr}) = {returned(result) if retstr is None else retstr}\n")
        self.expected.flush()
        return result

    def check(self, name, arguments, argstr, shown=None):
        return self.expect(shown or name, argstr, self.call(name, *arguments))


def files(c, folder):
    path = f"{folder}/file"
    at = c.text(path)
    fd = c.check("open", [at, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640],
                 f'"{path}", O_RDWR|O_CREAT|O_EXCL, 0640')
    c.check("open", [at, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600],
            f'"{path}", O_WRONLY|O_CREAT|O_EXCL, 0600')
    text = c.text("hello")
    c.check("write", [fd, text, 5], f'{fd}, "hello", 5')
    long_text = "0123456789" * 10
    c.check("write", [fd, c.text(long_text), 100], f'{fd}, "{long_text[:45]}"..., 100')
    c.check("lseek", [fd, 0, os.SEEK_SET], f"{fd}, 0, SEEK_SET")
    buffer = c.memory(b"\0" * 16).address
    c.check("read", [fd, buffer, 5], f"{fd}, 0x{buffer:x}, 5")
    c.check("pread64", [fd, buffer, 4, 1], f"{fd}, 0x{buffer:x}, 4, 1", "pread")
    c.check("fcntl", [fd, 1, 0], f"{fd}, F_GETFD, 0x0")
    c.check("flock", [fd, 2 | 4], f"{fd}, LOCK_EX|LOCK_NB")
    copy = c.check("dup", [fd], f"{fd}")
    c.check("dup3", [fd, copy, os.O_CLOEXEC], f"{fd}, {copy}, O_CLOEXEC")
    c.check("close", [copy], f"{copy}")
    c.check("close", [fd], f"{fd}")
    c.check("close", [12345], "12345")
    c.check("access", [at, os.R_OK | os.W_OK], f'"{path}", R_OK|W_OK')
    c.check("access", [c.text("/nonexistent"), os.F_OK], '"/nonexistent", F_OK')
    c.check("access", [8, os.F_OK], "0x8, F_OK")
    c.check("chmod", [at, 0o600], f'"{path}", 0600')
    c.check("truncate", [at, 3], f'"{path}", 3')
    status = c.memory(b"\0" * 256).address
    c.check("stat", [at, status], f'"{path}", 0x{status:x}')
    c.check("newfstatat", [-100, at, status, 0x100],
            f'AT_FDCWD, "{path}", 0x{status:x}, AT_SYMLINK_NOFOLLOW', "fstatat")
    times = c.memory(struct.pack("qqqq", 5, 6, 0, 0x3fffffff)).address
    c.check("utimensat", [-100, at, times, 0],
            f'AT_FDCWD, "{path}", [5.000000006][UTIME_NOW], 0x0')
    fd = c.check("openat", [-100, at, os.O_RDONLY | os.O_CLOEXEC], f'AT_FDCWD, "{path}", O_RDONLY|O_CLOEXEC')
    c.call("close", fd)
    other = c.text(f"{folder}/other")
    c.check("link", [at, other], f'"{path}", "{folder}/other"')
    c.check("renameat2", [-100, at, -100, other, 1],
            f'AT_FDCWD, "{path}", AT_FDCWD, "{folder}/other", RENAME_NOREPLACE')
    c.check("unlinkat", [-100, other, 0], f'AT_FDCWD, "{folder}/other", 0x0')
    c.check("unlink", [at], f'"{path}"')
    quoted = c.text(f'{folder}/a"b\tc')
    c.check("mkdir", [quoted, 0o755], f'"{folder}/a\\"b\\tc", 0755')
    c.check("rmdir", [quoted], f'"{folder}/a\\"b\\tc"')
    c.expect("umask", "022", c.call("umask", 0o22), "022")


def memory_calls(c):
    size = 8192
    address = c.call("mmap", 0, size, 3, 0x22, -1, 0)
    c.expect("mmap2", f"0x0, {size}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0", address,
             f"0x{address:x}")
    c.check("mprotect", [address, size, 0], f"0x{address:x}, {size}, PROT_NONE")
    c.check("munmap", [address, size], f"0x{address:x}, {size}")


def sockets(c):
    fd = c.check("socket", [2, 1 | 0o4000 | 0o2000000, 6],
                 "PF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_TCP")
    data = struct.pack("=H", 2) + struct.pack("!H", 9) + socket.inet_aton("127.0.0.1") + b"\0" * 8
    address = c.memory(data).address
    c.check("connect", [fd, address, 16], f"{fd}, {{AF_INET, 127.0.0.1, 9}}, 16")
    c.call("close", fd)
    six = struct.pack("=H", 10) + struct.pack("!HI", 80, 0) + socket.inet_pton(socket.AF_INET6, "::1")
    c.check("bind", [-1, c.memory(six + struct.pack("I", 0)).address, 28],
            "-1, {AF_INET6, 0000:0000:0000:0000:0000:0000:0000:0001, 80}, 28")
    unix = struct.pack("=H", 1) + b"/tmp/nosuch"
    c.check("connect", [-1, c.memory(unix).address, len(unix)],
            f'-1, {{AF_UNIX, "/tmp/nosuch"}}, {len(unix)}')
    c.check("sendto", [-1, c.text("data"), 4, 0x40 | 0x4000, 0, 0],
            '-1, "data", 4, MSG_DONTWAIT|MSG_NOSIGNAL, NULL, 0')


def others(c):
    c.check("nanosleep", [c.memory(struct.pack("qq", 0, 1000)).address, 0], "[0.000001000], 0x0")
    c.check("kill", [os.getpid(), 0], f"{os.getpid()}, SIG_0")
    mask = c.memory(struct.pack("Q", 1 << 9 | 1 << 11)).address
    c.check("rt_sigprocmask", [2, mask, 0, 8], "SIG_SETMASK, [SIGUSR1|SIGUSR2], 0x0, 8")
    c.call("rt_sigprocmask", 2, c.memory(struct.pack("Q", 0)).address, 0, 8)
    word = c.memory(struct.pack("i", 1)).address
    c.check("futex", [word, 0 | 128, 2, 0, 0, 0], f"0x{word:x}, FUTEX_WAIT_PRIVATE, 2")
    c.check("futex", [word, 1, 1, 0, 0, 0], f"0x{word:x}, FUTEX_WAKE, 1")
    limit = c.memory(struct.pack("qq", 0, 0)).address
    c.check("prlimit64", [0, 7, 0, limit], f"0, RLIMIT_NOFILE, NULL, 0x{limit:x}")
    fd = c.check("epoll_create1", [os.O_CLOEXEC], "EPOLL_CLOEXEC")
    c.check("epoll_ctl", [fd, 2, 12345, 0], f"{fd}, EPOLL_CTL_DEL, 12345, 0x0")
    c.call("close", fd)
    fd = c.check("eventfd2", [7, os.O_NONBLOCK], "7, EFD_NONBLOCK")
    c.call("close", fd)
    fd = c.check("memfd_create", [c.text("mine"), 3], '"mine", MFD_CLOEXEC|MFD_ALLOW_SEALING')
    c.call("close", fd)
    name = c.memory(b"\0" * 400).address
    c.check("uname", [name], f"0x{name:x}")
    arguments = [c.text("one"), c.text("two"), 0]
    argv = c.memory(struct.pack("qqq", *arguments)).address
    none = c.memory(struct.pack("q", 0)).address
    c.check("execve", [c.text("/nonexistent/program"), argv, none],
            '"/nonexistent/program", ["one", "two"], []')
    c.check("execve", [c.text("/nonexistent/program"), 0, 0], '"/nonexistent/program", [], []')
    child = os.fork()
    if child == 0:
        os._exit(3)
    status = c.memory(b"\0" * 4).address
    c.expect("wait4", f"{child}, 0x{status:x}, 0x0, 0x0", c.call("wait4", child, status, 0, 0))


def main():
    expected_path, folder = sys.argv[1:]
    with open(expected_path, "w", encoding="utf-8") as expected:
        calls = Calls(expected)
        files(calls, folder)
        memory_calls(calls)
        sockets(calls)
        others(calls)


main()
