"""A letter as text, HTML or PDF, and the text that a person reads in each."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from creditloom.serving.applicant.letters.letter_types import Grid, Letter
from creditloom.serving.applicant.letters.marks import plain

# Columns of a terminal and of a plain letter.
WIDTH = 88
GAP = "  "
# Columns that the first cell of a table has at least.
MIN_FIRST = 24
UNIT = re.compile(r"(\d) (%|CNY|days|hours|months|times|points)")
# Marks that no line begins with, and marks that no line ends with.
CLOSING = "，。；：、）！？》〕%"
OPENING = "（《〔"
# What the foot of each letter says: by this a later letter knows that it may take its place.
MARK = "creditloom letter"


def as_text(letter: Letter, width: int = WIDTH) -> str:
    """Return the letter as plain text of at most `width` columns."""
    lines = [plain(letter.title), "=" * min(width, columns(plain(letter.title))), ""]
    for part in letter.parts:
        if part.heading:
            heading = plain(part.heading)
            lines += [heading, "-" * columns(heading)]
        for block in part.blocks:
            if isinstance(block, Grid):
                lines += [*_grid(block, width), ""]
                continue
            for text in block.texts:
                lines += _wrapped(plain(text), width, is_point=block.is_list)
                if not block.is_list:
                    lines.append("")
            if block.is_list:
                lines.append("")
    text = "\n".join(line.rstrip() for line in lines).rstrip()
    return f"{text}\n\n-- {MARK}\n"


def columns(text: str) -> int:
    """Return how many columns a text takes: a Chinese character takes two.

    >>> columns("ab"), columns("额度")
    (2, 4)
    """
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def pieces(text: str) -> Iterator[str]:
    """Yield what may not be broken: a word with its space, a number, a Chinese character.

    A number and its unit stay together, and a closing mark with the character before it.
    """
    piece = ""
    for sign in UNIT.sub("\\1\N{NO-BREAK SPACE}\\2", text):
        if piece and _may_break(piece[-1], sign):
            yield piece.replace("\N{NO-BREAK SPACE}", " ")
            piece = ""
        piece += sign
    if piece:
        yield piece.replace("\N{NO-BREAK SPACE}", " ")


def _may_break(before: str, sign: str) -> bool:
    """Return whether a line may end between two characters."""
    if before == " ":
        return True
    is_wide = [unicodedata.east_asian_width(one) in "WF" for one in (before, sign)]
    return any(is_wide) and sign not in CLOSING and before not in OPENING


def _wrapped(text: str, width: int, *, is_point: bool) -> list[str]:
    indent = "  " if is_point else ""
    lines = []
    line = "- " if is_point else ""
    for piece in pieces(text):
        if columns(line + piece.rstrip()) > width and line.strip(" -"):
            lines.append(line)
            line = indent
        line += piece
    return [*lines, line]


def _grid(grid: Grid, width: int) -> list[str]:
    header = [tuple(plain(cell) for cell in grid.header)] if any(grid.header) else []
    rows = [*header, *(tuple(plain(cell) for cell in row) for row in grid.rows)]
    widths = [max(columns(row[k]) for row in rows) for k in range(len(rows[0]))]
    # The first column gives way where a table is too wide: it holds words.
    room = width - sum(widths[1:]) - len(GAP) * (len(widths) - 1)
    widths[0] = min(widths[0], max(room, MIN_FIRST))
    lines = []
    for row in rows:
        first, *more = _wrapped(row[0], widths[0], is_point=False)
        cells = [first + " " * (widths[0] - columns(first))]
        for k, cell in enumerate(row[1:], start=1):
            space = " " * (widths[k] - columns(cell))
            cells.append(space + cell if grid.is_money else cell + space)
        lines.append(GAP.join(cells))
        lines += [f"  {line}" for line in more]
    if header:
        lines.insert(1, GAP.join("-" * width for width in widths))
    return lines


def as_html(letter: Letter) -> str:
    """Return the letter as one HTML page that needs no network and prints on paper."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("creditloom.serving.applicant.letters"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = plain
    environment.tests["grid"] = lambda block: isinstance(block, Grid)
    page = environment.get_template("letter.html")
    language = {"en": "en", "zh": "zh-CN"}[letter.language]
    return page.render(letter=letter, language=language, mark=MARK) + "\n"


class _Shown(HTMLParser):
    """Collects the text between the tags of the body."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.is_body = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        del attrs
        self.is_body = self.is_body or tag == "body"

    def handle_data(self, data: str) -> None:
        if self.is_body:
            self.texts.append(data)


def shown_in_html(page: str) -> str:
    """Return the text of the body of a page, as a browser shows it."""
    parser = _Shown()
    parser.feed(page)
    return " ".join(parser.texts)


def is_ours(file: Path) -> bool:
    """Return whether a file is a letter of ours, which a later one may replace."""
    content = file.read_bytes()
    return MARK.encode() in content or MARK.encode("utf-16-be") in content
