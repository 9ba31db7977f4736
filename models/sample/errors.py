"""The one exception of the modelling rooms."""

from __future__ import annotations


class ModelError(ValueError):
    """Modelling cannot go on; the message says what, where, expected, got and the next step."""
