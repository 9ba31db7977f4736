"""Finds the Chinese of an English text: as a whole, or by a pattern with places for its parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from creditloom.report.parts.data import Text
from creditloom.report.words.audit_words import AUDIT
from creditloom.report.words.claim_words import CLAIMS
from creditloom.report.words.page_words import PAGE
from creditloom.report.words.patterns import PATTERNS
from creditloom.report.words.run_words import RUN

WORDS: Mapping[str, str] = {**CLAIMS, **RUN, **AUDIT, **PAGE}
PLACE = "{}"
LETTERS = re.compile(r"[A-Za-z]{2,}")


def both(text: str | Text) -> Text:
    """Return a text with its Chinese; without one, or where both are the same, `zh` is empty."""
    if isinstance(text, Text):
        return text if text.zh else Text(text.en, chinese(text.en))
    return Text(text, chinese(text))


@cache
def chinese(text: str) -> str:
    """Return the Chinese of an English text; "" where it has none or needs none.

    >>> chinese("no words known for this"), chinese("12.3 %")
    ('', '')
    """
    if text in WORDS:
        return WORDS[text]
    if not LETTERS.search(text):
        return ""
    for pattern, said in _patterns():
        found = pattern.fullmatch(text)
        if found:
            # A part is a number, a name, or words that have a Chinese of their own.
            parts = iter([chinese(part) or part for part in found.groups()])
            return re.sub(r"\{\}", lambda _: next(parts), said)  # noqa: B023
    return _listed(text)


def _listed(text: str) -> str:
    """Return the Chinese of a list with commas, if each of its parts has one or needs none."""
    parts = text.split(", ")
    told = [chinese(part) for part in parts] if len(parts) > 1 else []
    is_whole = all(zh or not LETTERS.search(en) for zh, en in zip(told, parts, strict=False))
    if not any(told) or not is_whole:
        return ""
    return "，".join(zh or en for zh, en in zip(told, parts, strict=True))


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    # The pattern with most words of its own comes first: a short one would match too much.
    ranked = sorted(PATTERNS.items(), key=lambda item: (-len(item[0].replace(PLACE, "")), item[0]))
    return tuple((_compiled(english), said) for english, said in ranked)


def _compiled(english: str) -> re.Pattern[str]:
    parts = (re.escape(part) for part in english.split(PLACE))
    return re.compile("(.+?)".join(parts), re.DOTALL)
