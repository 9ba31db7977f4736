"""Kill a process with SIGKILL before its n-th change of a file, whatever code makes it.

SQLite writes in C, where no patch of Python sees it. So the parent traces the system calls of a
fork and counts those that change files: at a given one the fork is killed before it is carried out.
A power cut is such a kill, after which all data goes that was written and not synced. Linux on
x86-64 only; the names of files are not undone (`tests.score.kills` does that for Python's).
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

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
# Places of the numbers in the 27 registers: the call, its first three arguments, and the fourth.
ORIG_RAX = 15
RDI = 14
RSI = 13
RDX = 12
R10 = 7
SYNCS = (CHANGES["fsync"], CHANGES["fdatasync"])
WRITES = (CHANGES["write"], CHANGES["pwrite64"], CHANGES["ftruncate"])
KILLED = -signal.SIGKILL

needs_tracing = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64",
    reason="system calls are traced on Linux, x86-64",
)


@dataclass
class Unsynced:
    """What a process has written and not synced: for each write the content that it replaces."""

    child: int
    before: list[tuple[Path, int, bytes, int]] = field(default_factory=list)

    def note(self, call: int, registers: Sequence[int]) -> None:
        """Note a system call before it is carried out."""
        if call not in SYNCS and call not in WRITES:
            return
        handle = registers[RDI]
        file = Path(f"/proc/{self.child}/fd/{handle}").readlink()
        if not file.is_file():
            return
        if call in SYNCS:
            self.before = [one for one in self.before if one[0] != file]
            return
        size = file.stat().st_size
        begin, count = self._span(call, registers, size)
        with file.open("rb") as content:
            content.seek(begin)
            self.before.append((file, begin, content.read(count), size))

    def _span(self, call: int, registers: Sequence[int], size: int) -> tuple[int, int]:
        """Return where a write begins, and its bytes."""
        if call == CHANGES["ftruncate"]:
            begin = registers[RSI]
            return begin, max(0, size - begin)
        if call == CHANGES["pwrite64"]:
            return registers[R10], registers[RDX]
        told = Path(f"/proc/{self.child}/fdinfo/{registers[RDI]}").read_text().split()
        is_appending = bool(int(told[told.index("flags:") + 1], 8) & os.O_APPEND)
        begin = size if is_appending else int(told[told.index("pos:") + 1])
        return begin, registers[RDX]

    def undo(self) -> None:
        """Put back what was there, the last write first."""
        for file, begin, content, size in reversed(self.before):
            if file.is_file():
                with file.open("r+b") as written:
                    written.seek(begin)
                    written.write(content)
                    written.truncate(size)


def _traced(libc: ctypes.CDLL, work: Callable[[], object]) -> int:
    """Fork a child that waits to be traced before its work; return its number."""
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
    return child


def run(
    work: Callable[[], object], kill_at: int = -1, *, is_power_cut: bool = False
) -> tuple[int, int]:
    """Run `work` in a fork; return its exit code or signal, and how many changes it began.

    It is killed before change number `kill_at`, from 0; -1 lets it end. With `is_power_cut` what it
    has not synced is gone then.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long] * 4
    libc.ptrace.restype = ctypes.c_long
    child = _traced(libc, work)
    registers = (ctypes.c_ulonglong * 27)()
    unsynced = Unsynced(child)
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
                    if is_power_cut:
                        unsynced.undo()
                elif is_power_cut:
                    unsynced.note(registers[ORIG_RAX], registers)
                count += 1
        is_entering = not is_entering
