"""Cuts the warnings of MLflow that name every column of a frame.

A whole matrix has some thousand columns that the model does not read. MLflow names them all, at
each call: 80 kB of text for one application.
"""

from __future__ import annotations

import logging

# The logger of MLflow that compares a frame with the signature.
LOGGER = "mlflow.models.utils"
# Characters of a warning that are kept: enough to see what it is about, and the first names.
LONGEST = 400


class ShortWarnings(logging.Filter):
    """Lets every record through, a long one cut; it says how much was left out."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Cut the message of a record that is too long."""
        text = record.getMessage()
        if len(text) > LONGEST:
            left_out = len(text) - LONGEST
            record.msg = f"{text[:LONGEST]}... ({left_out:,} more characters)"
            record.args = ()
        return True


def shorten_warnings() -> None:
    """Cut the warnings of this process from now on; once, however many models are loaded."""
    logger = logging.getLogger(LOGGER)
    # By name: two versions of this code are two classes of the same name.
    if not any(type(known).__name__ == ShortWarnings.__name__ for known in logger.filters):
        logger.addFilter(ShortWarnings())
