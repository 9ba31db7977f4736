"""Define the error of tables and files, and how a command refuses.

An error says what is wrong, where, what was expected, what was found, and what to do next.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self


class StatedError(ValueError):
    """An error whose message says what, where, expected, got and the next step.

    The decision runtime stands alone and has its own of this shape (`DecisionError`).
    """

    @classmethod
    def of(cls, what: str, *, where: object, expected: object, got: object, next_step: str) -> Self:
        """Build the message from its five parts, one per line."""
        return cls(
            f"{what}\n  where:    {where}\n  expected: {expected}\n  got:      {got}\n"
            f"  next:     {next_step}"
        )


class DataError(StatedError):
    """A table cannot be read or breaks its contract."""


# Errors that one message lists; more would hide the first.
MAX_TOGETHER = 20


def raise_together(errors: Sequence[DataError]) -> None:
    """Raise all errors as one, so that a person mends them in one go; nothing where there are none.

    >>> raise_together([])
    """
    if not errors:
        return
    if len(errors) == 1:
        raise errors[0]
    listed = "\n".join(f"{k}. {error}" for k, error in enumerate(errors[:MAX_TOGETHER], start=1))
    more = len(errors) - MAX_TOGETHER
    tail = f"\nand {more} more" if more > 0 else ""
    raise DataError(f"{len(errors)} things are to be mended\n{listed}{tail}")


# How a command refuses: an error of ours is a message on stderr and its exit code. foreign.py words
# the errors of libraries and of the system, and pipeline/base/ending.py ends a command with either.
# Anything else is a bug and keeps its traceback.

PACKAGE = "creditloom"
# The runtime of a registered version has a package name of its own, which begins so.
RUNTIME = "creditloom_rt_"
# Nothing could be done: the exit code of an error that has none of its own.
REFUSED = 2


@contextmanager
def refusals() -> Iterator[None]:
    """Turn a ValueError of one of our rooms into its message and exit code.

    Every other exception passes through.
    """
    try:
        yield
    except ValueError as error:
        if not is_ours(error):
            raise
        sys.stderr.write(f"creditloom: {error}\n")
        raise SystemExit(exit_code(error)) from None


def is_ours(error: ValueError) -> bool:
    """Return whether one of our rooms, or the runtime of a registered version, refused."""
    package = type(error).__module__.partition(".")[0]
    return package == PACKAGE or package.startswith(RUNTIME)


def exit_code(error: ValueError) -> int:
    """Return the error's exit code; 2, nothing could be done, unless it has its own."""
    return int(getattr(error, "exit_code", REFUSED))
