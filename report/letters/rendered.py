"""A letter as text, HTML or PDF, and the text that a person reads in each."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from creditloom.report.letters.letter_types import Grid, Letter, Lines
from creditloom.report.letters.marks import plain

# Columns of a terminal and of a plain letter.
WIDTH = 88
GAP = "  "
# What the foot of each letter says: by this a later letter knows that it may take its place.
MARK = "creditloom letter"


def as_text(letter: Letter, width: int = WIDTH) -> str:
    """Return the letter as plain text of at most `width` columns; tables may be wider."""
    lines = [plain(letter.title), "=" * min(width, columns(plain(letter.title))), ""]
    for part in letter.parts:
        if part.heading:
            heading = plain(part.heading)
            lines += [heading, "-" * columns(heading)]
        for block in part.blocks:
            if isinstance(block, Grid):
                lines += [*_grid(block), ""]
                continue
            for text in block.texts:
                lines += _wrapped(plain(text), width, is_point=block.is_list)
                if not block.is_list:
                    lines.append("")
            if block.is_list:
                lines.append("")
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


def columns(text: str) -> int:
    """Return how many columns a text takes: a Chinese character takes two.

    >>> columns("ab"), columns("额度")
    (2, 4)
    """
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _pieces(text: str) -> Iterator[str]:
    """Yield what may not be broken: a word with its space, a number, a Chinese character.

    A closing mark stays with the character before it.
    """
    piece = ""
    for sign in text:
        is_wide = unicodedata.east_asian_width(sign) in "WF"
        is_closing = sign in "，。；：、）！？"
        if piece and is_wide and not is_closing:
            yield piece
            piece = ""
        elif piece and not is_wide and unicodedata.east_asian_width(piece[-1]) in "WF":
            yield piece
            piece = ""
        piece += sign
        if sign == " ":
            yield piece
            piece = ""
    if piece:
        yield piece


def _wrapped(text: str, width: int, *, is_point: bool) -> list[str]:
    indent = "  " if is_point else ""
    lines = []
    line = "- " if is_point else ""
    for piece in _pieces(text):
        if columns(line + piece.rstrip()) > width and line.strip(" -"):
            lines.append(line)
            line = indent
        line += piece
    return [*lines, line]


def _grid(grid: Grid) -> list[str]:
    header = [tuple(plain(cell) for cell in grid.header)] if any(grid.header) else []
    rows = [*header, *(tuple(plain(cell) for cell in row) for row in grid.rows)]
    widths = [max(columns(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = []
        for k, cell in enumerate(row):
            space = " " * (widths[k] - columns(cell))
            cells.append(space + cell if grid.is_money and k else cell + space)
        lines.append(GAP.join(cells))
    if header:
        lines.insert(1, GAP.join("-" * width for width in widths))
    return lines


def as_html(letter: Letter) -> str:
    """Return the letter as one HTML page that needs no network and prints on paper."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("creditloom.report.letters"),
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


def lines_of(letter: Letter) -> Iterator[str]:
    """Yield every bare text of a letter, in reading order."""
    for text in letter.texts():
        yield plain(text)


def signed(text: str) -> str:
    """Return a plain letter with its mark at the foot."""
    return f"{text}\n-- \n{MARK}\n"


def is_list(block: Lines | Grid) -> bool:
    """Return whether a block is a list of points."""
    return isinstance(block, Lines) and block.is_list
