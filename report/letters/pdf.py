"""A letter as PDF, by fpdf2, with a font of this machine: the repository holds no font."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from creditloom.report.letters.letter_types import Grid, Letter
from creditloom.report.letters.marks import LetterError, day_of_value, plain
from creditloom.report.letters.rendered import MARK

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
# Millimetres and points of an A4 page.
MARGIN = 22.0
LINE = 5.4
SIZE = 10.5
SMALL = 8.5
HEADING = 12.5
TITLE = 16.0


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


def as_pdf(letter: Letter) -> tuple[bytes, str]:
    """Return the letter as PDF, and the text that was laid on its pages.

    Raises LetterError without fpdf2 or without a font.
    """
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
    page = FPDF(format="A4")
    page.set_margin(MARGIN)
    page.set_auto_page_break(True, MARGIN)
    page.add_font(FAMILY, fname=str(font()))
    page.set_title(plain(letter.title))
    page.set_creator(MARK)
    page.set_lang({"en": "en", "zh": "zh-CN"}[letter.language])
    # The moment of the decision and not today's: the same letter has the same bytes.
    day = day_of_value(letter.documents["row"]["as_of"])
    page.set_creation_date(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC))
    page.add_page()
    laid = list(_laid(page, letter))
    return bytes(page.output()), "\n".join(laid)


def _laid(page: Any, letter: Letter) -> Iterator[str]:
    """Lay the letter on the pages; yield each text as it is laid."""
    yield _line(page, plain(letter.title), TITLE, above=0)
    for part in letter.parts:
        if part.heading:
            # A heading alone at the foot of a page is read by nobody.
            if page.will_page_break(4 * LINE):
                page.add_page()
            yield _line(page, plain(part.heading), HEADING, above=LINE)
        for block in part.blocks:
            if isinstance(block, Grid):
                yield from _table(page, block)
                continue
            for text in block.texts:
                yield _line(page, plain(text), SIZE, above=LINE / 4, is_point=block.is_list)


def _line(page: Any, text: str, size: float, *, above: float, is_point: bool = False) -> str:
    page.ln(above)
    page.set_font(FAMILY, size=size)
    if is_point:
        page.cell(LINE, size * LINE / SIZE, "\N{BULLET}")
    # By characters, as Chinese has no spaces; English is broken at its spaces.
    mode = "CHAR" if _is_chinese(text) else "WORD"
    page.multi_cell(
        0, size * LINE / SIZE, text, align="L", new_x="LMARGIN", new_y="NEXT", wrapmode=mode
    )
    return text


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= sign <= "\u9fff" for sign in text)


def _table(page: Any, grid: Grid) -> Iterator[str]:
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
                yield plain(cell)
    page.ln(LINE / 2)


def _plain_face() -> Any:
    # The one font has no bold face.
    from fpdf.fonts import FontFace

    return FontFace(emphasis="")
