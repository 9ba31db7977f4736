"""The one exception of the decision runtime."""

from __future__ import annotations


class DecisionError(ValueError):
    """A bundle, a rule book or an input frame cannot be used, so nothing is decided.

    The message says what is wrong, where, what was expected, what was found and what to do next.
    """

    def __init__(self, what: str, *, where: str, expected: str, got: str, next_step: str) -> None:
        super().__init__(
            f"{what}\n  where: {where}\n  expected: {expected}\n  got: {got}\n  next: {next_step}"
        )
