"""What a letter is made of, before it is text, HTML or PDF; and the data of codes and rights."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from creditloom.decision.reasons.text import Language
from creditloom.decision.rulebook.condition import SourcedValue

About = Literal["person", "law", "lender", "data"]
# What a letter says: an approval whose limit something personal cut is a `cut`.
Outcome = Literal["approve", "cut", "refer", "decline", "refuse"]
OUTCOMES: tuple[Outcome, ...] = ("approve", "cut", "refer", "decline", "refuse")


@dataclass(frozen=True)
class CodeWords:
    """What a code means to the person, and what the person can do; `next` is empty for nothing.

    `about` says of whom it speaks. `action_zh` is the action of a filter in Chinese; in English the
    filter itself has it.
    """

    code: str
    about: About
    en: str
    zh: str
    next_en: str
    next_zh: str
    source: str
    action_zh: str = ""


@dataclass(frozen=True)
class CodeBook:
    """The words of every code (products/codes.yaml)."""

    effective_from: dt.date
    codes: tuple[CodeWords, ...]


@dataclass(frozen=True)
class Right:
    """One right in both languages; the sentence names times as `{review_days}`.

    `basis_en` and `basis_zh` say what it rests on, as a letter cites it; `source` is where the
    repository has it from.
    """

    id: Literal["person", "data", "correction", "complaint"]
    en: str
    zh: str
    basis_en: str
    basis_zh: str
    source: str


@dataclass(frozen=True)
class Rights:
    """What a person may ask under some law profiles (products/law/rights).

    `is_default` marks what holds where no law was in force. Times are those in which the lender
    answers: days, hours and working days.
    """

    laws: tuple[str, ...]
    is_default: bool
    effective_from: dt.date
    review_time: SourcedValue
    complaint_time: SourcedValue
    freeze_time: SourcedValue
    rights: tuple[Right, ...]


@dataclass(frozen=True)
class Lines:
    """Paragraphs, or the points of a list; the texts have marks."""

    texts: tuple[str, ...]
    is_list: bool = False


@dataclass(frozen=True)
class Grid:
    """A table: a header (may be empty) and rows of cells with marks.

    `is_money` says that all columns but the first hold figures, which stand to the right.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_money: bool = False


Block = Lines | Grid


@dataclass(frozen=True)
class Part:
    """One part of a letter: a heading (may be empty) and its blocks."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Letter:
    """One letter or explanation: title, parts, and the documents that its marks point into."""

    language: Language
    outcome: Outcome
    title: str
    parts: tuple[Part, ...]
    documents: dict[str, Any]

    def texts(self) -> Iterator[str]:
        """Yield every text with its marks, in reading order."""
        yield self.title
        for part in self.parts:
            if part.heading:
                yield part.heading
            for block in part.blocks:
                if isinstance(block, Lines):
                    yield from block.texts
                    continue
                yield from block.header
                for row in block.rows:
                    yield from row
