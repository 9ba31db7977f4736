"""Compares what a command shows with what a document says that it shows.

Times, ids, hashes and places of the machine differ from run to run: they are masked in both.
"""

from __future__ import annotations

import re

# table: what differs from run to run -> what stands for it
MASKS = {
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?Z?": "<time>",
    r"\b\d+:\d\d(:\d\d)?\b": "<time>",
    r"\b[\d,.]+ ?(s|ms|us|seconds|minutes)\b": "<seconds>",
    # An id or a hash: 8 hexadecimal digits or more, with a digit among them.
    r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b": "<id>",
    r"(?<![\w.])/(?:[\w.-]+/)+[\w.-]*": "<path>",
}


def masked(line: str) -> str:
    """Return a line with times, ids, hashes and paths masked, and runs of blanks as one.

    >>> masked("batch 5f0c12ab77:  300 rows in 2.4 s, /tmp/a/night")
    'batch <id>: 300 rows in <seconds>, <path>'
    """
    for pattern, mask in MASKS.items():
        line = re.sub(pattern, mask, line)
    return " ".join(line.split())


def differs(shown: tuple[str, ...], output: str) -> str:
    """Return the first line of a document that the output has not; "" where it has all.

    They stand one below the other, but for a line `...`, which is for any number of lines.
    """
    lines = [masked(line) for line in output.splitlines() if line.strip()]
    at = 0
    is_free = True
    for line in shown:
        if line.strip() == "...":
            is_free = True
            continue
        wanted = _pattern(line)
        places = range(at, len(lines)) if is_free else range(at, min(at + 1, len(lines)))
        found = next((place for place in places if wanted.fullmatch(lines[place])), None)
        if found is None:
            return line
        at = found + 1
        is_free = False
    return ""


def _pattern(line: str) -> re.Pattern[str]:
    """Return what a line of a document stands for: `...` inside it is for any text."""
    parts = [re.escape(part) for part in masked(line).split("...")]
    return re.compile(".*".join(parts))
