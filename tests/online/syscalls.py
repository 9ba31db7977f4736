"""Kill a process with SIGKILL before its n-th change of a file, whatever code makes it.

SQLite writes in C, where no patch of Python sees it. So the parent traces the system calls of a
fork and counts those that change files: at a given one the fork is killed before it is carried out.
Linux on x86-64 only.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys
from collections.abc import Callable

import pytest

TRACEME = 0
CONT_TO_CALL = 24
SET_OPTIONS = 0x4200
GET_REGISTERS = 12
# A stop at a system call is told apart from others; the child dies with its tracer.
OPTIONS = 1 | 0x100000
AT_A_CALL = signal.SIGTRAP | 0x80
# Numbers of system calls on x86-64 that change a file or a folder.
# table: name of a call -> its number
CHANGES = {
    "write": 1, "pwrite64": 18, "writev": 20, "fsync": 74, "fdatasync": 75, "ftruncate": 77,
    "rename": 82, "mkdir": 83, "unlink": 87, "renameat": 264, "unlinkat": 263, "renameat2": 316,
    "mkdirat": 258, "msync": 26, "fallocate": 285,
}  # fmt: skip
NUMBERS = frozenset(CHANGES.values())
# Places of the numbers in the 27 registers.
ORIG_RAX = 15
KILLED = -signal.SIGKILL

needs_tracing = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64",
    reason="system calls are traced on Linux, x86-64",
)


def run(work: Callable[[], object], kill_at: int = -1) -> tuple[int, int]:
    """Run `work` in a fork; return its exit code or signal, and how many changes it began.

    It is killed before change number `kill_at`, from 0; -1 lets it end.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long] * 4
    libc.ptrace.restype = ctypes.c_long
    child = os.fork()
    if child == 0:
        code = 1
        try:
            libc.ptrace(TRACEME, 0, 0, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            work()
            code = 0
        finally:
            os._exit(code)
    os.waitpid(child, 0)
    libc.ptrace(SET_OPTIONS, child, 0, OPTIONS)
    registers = (ctypes.c_ulonglong * 27)()
    count = 0
    is_entering = True
    handed_on = 0
    while True:
        libc.ptrace(CONT_TO_CALL, child, 0, handed_on)
        _, status = os.waitpid(child, 0)
        handed_on = 0
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            return os.waitstatus_to_exitcode(status), count
        if os.WSTOPSIG(status) != AT_A_CALL:
            handed_on = os.WSTOPSIG(status)
            continue
        if is_entering:
            libc.ptrace(GET_REGISTERS, child, 0, ctypes.addressof(registers))
            if registers[ORIG_RAX] in NUMBERS:
                if count == kill_at:
                    os.kill(child, signal.SIGKILL)
                count += 1
        is_entering = not is_entering
