"""The exception that the modelling code raises."""

from __future__ import annotations


class ModelError(ValueError):
    """Modelling cannot go on.

    The message says what is wrong and where, what was expected, what was got, and the next step.
    """
