"""A letter as PDF, by fpdf2, with a font of this machine: the repository holds no font."""

from __future__ import annotations

import datetime as dt
import logging
import os
import re
import zlib
from pathlib import Path
from typing import Any

from creditloom.serving.applicant.letters.letter_types import Grid, Letter
from creditloom.serving.applicant.letters.marks import (
    LetterError,
    day_of_value,
    is_absent,
    plain,
)
from creditloom.serving.applicant.letters.rendered import MARK, pieces

# Names a font file that holds Chinese characters, where none of FONTS lies in its place.
FONT_VARIABLE = "CREDITLOOM_FONT"
# table: fonts with Chinese characters and TrueType outlines, as systems lay them down
FONTS = (
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/wqy-zenhei/wqy-zenhei.ttc",
    "/usr/share/fonts/wqy-microhei/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/usr/share/fonts/truetype/arphic/ukai.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "/System/Library/Fonts/Supplemental/Songti.ttc",
    "/Library/Fonts/Arial Unicode.ttf",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
)
FAMILY = "letter"
# The date of the file of a decision without a day, as of a table without dates: it says nothing.
NO_DAY = dt.date(1970, 1, 1)
# Millimetres: the margin of a page of A4.
MARGIN = 22.0
# Millimetres: a line of text of SIZE.
LINE = 5.4
# Points: running text, and from here on tables of money, headings and the title.
SIZE = 10.5
# Points: seven columns of money fit the width of a page.
SMALL = 8.5
# Points.
HEADING = 12.5
# Points.
TITLE = 16.0
# Millimetres that fpdf2 leaves free on both sides of a cell.
PADDING = 2.5


def font() -> Path:
    """Return a font of this machine with Chinese characters.

    Raises LetterError where there is none, with what to install.
    """
    named = os.environ.get(FONT_VARIABLE)
    places = [Path(named)] if named else [Path(place) for place in FONTS]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise LetterError.of(
            "No font with Chinese characters for the PDF",
            where=FONT_VARIABLE if named else "the font folders of this machine",
            expected="a TrueType font, as WenQuanYi Zen Hei",
            got=named or "none of those known",
            next_step="install one (apt-get install fonts-wqy-zenhei), or name a file with "
            f"{FONT_VARIABLE}=/path/font.ttf, or take --format html and print it",
        )
    return found


def as_pdf(letter: Letter) -> bytes:
    """Return the letter as PDF; LetterError without fpdf2 or without a font."""
    try:
        from fpdf import FPDF
    except ImportError:
        raise LetterError.of(
            "A PDF needs the package fpdf2",
            where="--format pdf",
            expected="fpdf2",
            got="it is not installed",
            next_step="pip install 'creditloom[letter]', or take --format html and print it",
        ) from None
    # fontTools tells of tables that a part of a font does not need.
    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
    page = FPDF(format="A4")
    page.set_margin(MARGIN)
    page.set_auto_page_break(True, MARGIN)
    page.add_font(FAMILY, fname=str(font()))
    page.set_title(plain(letter.title))
    page.set_creator(MARK)
    page.set_lang({"en": "en", "zh": "zh-CN"}[letter.language])
    # The moment of the decision and not today's: the same letter has the same bytes.
    as_of = letter.documents["row"]["as_of"]
    day = NO_DAY if is_absent(as_of) else day_of_value(as_of)
    page.set_creation_date(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC))
    page.add_page()
    _lay(page, letter)
    return bytes(page.output())


def _lay(page: Any, letter: Letter) -> None:
    _lines(page, plain(letter.title), TITLE, above=0)
    for part in letter.parts:
        if part.heading:
            # A heading alone at the foot of a page is read by nobody.
            if page.will_page_break(4 * LINE):
                page.add_page()
            _lines(page, plain(part.heading), HEADING, above=LINE)
        for block in part.blocks:
            if isinstance(block, Grid):
                _table(page, block)
                continue
            for text in block.texts:
                _lines(page, plain(text), SIZE, above=LINE / 4, is_point=block.is_list)


def _lines(page: Any, text: str, size: float, *, above: float, is_point: bool = False) -> None:
    """Lay a text on the page, line by line: no number is broken at the end of a line."""
    page.ln(above)
    page.set_font(FAMILY, size=size)
    indent = LINE if is_point else 0.0
    height = size * LINE / SIZE
    line = ""
    if is_point:
        page.cell(indent, height, "-")
    for piece in pieces(text):
        is_full = page.get_string_width(line + piece.rstrip()) > page.epw - indent - PADDING
        if line and is_full:
            page.cell(0, height, line.rstrip(), new_x="LMARGIN", new_y="NEXT")
            page.set_x(page.l_margin + indent)
            line = ""
        line += piece
    page.cell(0, height, line.rstrip(), new_x="LMARGIN", new_y="NEXT")


def _table(page: Any, grid: Grid) -> None:
    page.ln(LINE / 2)
    page.set_font(FAMILY, size=SMALL if grid.is_money else SIZE)
    aligned = ("LEFT", *["RIGHT" if grid.is_money else "LEFT"] * (len(grid.rows[0]) - 1))
    has_head = any(grid.header)
    rows = [*([grid.header] if has_head else []), *grid.rows]
    with page.table(
        text_align=aligned,
        borders_layout="HORIZONTAL_LINES",
        line_height=LINE,
        first_row_as_headings=has_head,
        headings_style=_plain_face(),
    ) as table:
        for cells in rows:
            row = table.row()
            for cell in cells:
                row.cell(plain(cell))
    page.ln(LINE / 2)


def _plain_face() -> Any:
    # The one font has no bold face.
    from fpdf.fonts import FontFace

    return FontFace(emphasis="")


STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
DRAWN = re.compile(rb"\(((?:\\.|[^\\)])*)\) Tj", re.DOTALL)
GLYPH = re.compile(rb"^<([0-9A-F]{4})> <([0-9A-F]{4})>$", re.MULTILINE)


def shown_in_pdf(content: bytes) -> str:
    """Return the texts that are drawn on the pages of a PDF of `as_pdf`, in their order.

    The glyphs are turned into characters by the table that the file holds for readers.
    """
    streams = []
    for found in STREAM.finditer(content):
        try:
            streams.append(zlib.decompress(found[1]))
        except zlib.error:
            # The table of characters is not compressed.
            streams.append(found[1])
    characters = {
        int(glyph, 16): chr(int(sign, 16))
        for stream in streams
        if b"beginbfchar" in stream
        for glyph, sign in GLYPH.findall(stream)
    }
    drawn = (text for stream in streams for text in DRAWN.findall(stream))
    return "\n".join(_decoded(text, characters) for text in drawn)


def _decoded(text: bytes, characters: dict[int, str]) -> str:
    bare = re.sub(rb"\\(.)", _unescaped, text, flags=re.DOTALL)
    glyphs = (int.from_bytes(bare[k : k + 2], "big") for k in range(0, len(bare), 2))
    return "".join(characters.get(glyph, "") for glyph in glyphs)


def _unescaped(found: re.Match[bytes]) -> bytes:
    return {b"r": b"\r", b"n": b"\n"}.get(found[1], found[1])
