"""The one exception of the data room: what is wrong with a table, where, what was expected, got, and what to do next."""

from __future__ import annotations


class DataError(ValueError):
    """A table cannot be read or breaks its contract; the message says what, where, expected, got and next step."""

    @classmethod
    def of(cls, what: str, *, where: object, expected: str, got: str, next_step: str) -> DataError:
        """Build the message from its five parts, one per line."""
        return cls(f"{what}\n  where:    {where}\n  expected: {expected}\n  got:      {got}\n  next:     {next_step}")
