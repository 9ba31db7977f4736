"""Define the one exception of the registry."""

from __future__ import annotations


class RegistryError(ValueError):
    """The registry cannot do what was asked.

    The message says what, where, expected, got and the next step.
    """

    @classmethod
    def of(
        cls, what: str, *, where: object, expected: str, got: str, next_step: str
    ) -> RegistryError:
        """Build the message from its five parts, one per line."""
        return cls(
            f"{what}\n  where:    {where}\n  expected: {expected}\n  got:      {got}\n"
            f"  next:     {next_step}"
        )
