"""The one exception of the data room: what is wrong with a table, where, what was expected, got, and what to do next."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class DataError(ValueError):
    """A table cannot be read or breaks its contract; the message says what, where, expected, got and next step."""

    @classmethod
    def of(cls, what: str, *, where: object, expected: str, got: str, next_step: str) -> DataError:
        """Build the message from its five parts, one per line."""
        return cls(
            f"{what}\n  where:    {where}\n  expected: {expected}\n  got:      {got}\n  next:     {next_step}"
        )


# How a command refuses: an error of ours is a message on stderr and its exit code (2 unless it has one), anything else is a bug.

PACKAGE = "creditloom"
RUNTIME = "creditloom_rt_"  # the runtime of a registered version, under a name of its own


@contextmanager
def refusals() -> Iterator[None]:
    """Turn a ValueError of one of our rooms into its message and exit code; let every other exception through, with its traceback."""
    try:
        yield
    except ValueError as error:
        if not is_ours(error):
            raise
        sys.stderr.write(f"creditloom: {error}\n")
        raise SystemExit(exit_code(error)) from None


def is_ours(error: ValueError) -> bool:
    """Whether one of our rooms, or the runtime of a registered version, refused."""
    package = type(error).__module__.partition(".")[0]
    return package == PACKAGE or package.startswith(RUNTIME)


def exit_code(error: ValueError) -> int:
    """2 for nothing could be done, unless the error has a code of its own."""
    return int(getattr(error, "exit_code", 2))
