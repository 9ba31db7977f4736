"""Renders `ReportData` as one HTML text: everything inline, everything escaped, nothing fetched."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from creditloom.report.page.sections import chapters
from creditloom.report.parts.blocks import Chapter, PageTable, Section, TableCell
from creditloom.report.parts.data import ReportData, Text
from creditloom.report.words.translate import both


def render(data: ReportData, parts: tuple[Section, ...] | None = None) -> str:
    """Return the report as one self-contained HTML page; parts that are None are left out.

    `parts` are the sections of another page than the report, in reading order. Jinja escapes every
    value. Only SVG drawn by ours and the package's own style and script are placed as they are.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # StrictUndefined: a mistyped name in the template raises an error. It does not become empty
    # text.
    environment = Environment(
        loader=PackageLoader("creditloom.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["as_text"] = _as_text
    environment.filters["in_script"] = in_script
    environment.globals.update(tr=both, ids=_names(), later=later_rows)
    shown = chapters(data) if parts is None else (Chapter("", Text(""), parts),)
    return environment.get_template("page.html").render(data=data, chapters=shown) + "\n"


def _as_text(pair: Mapping[str, str]) -> Text:
    return Text(pair["en"], pair["zh"])


def _names() -> Callable[[str], str]:
    """Return a function that gives each thing of the page an id of its own."""
    counts: Counter[str] = Counter()

    def named(name: str) -> str:
        counts[name] += 1
        return name if counts[name] == 1 else f"{name}-{counts[name]}"

    return named


def later_rows(table: PageTable) -> Any:
    """Return the rows beyond the first ones as JSON: a cell is a text, or [en, zh, state, bar]."""
    rows = [[_cell(cell) for cell in row] for row in table.later_rows]
    return in_script(json.dumps(rows, ensure_ascii=False, separators=(",", ":")))


def _cell(cell: TableCell) -> Any:
    told = both(cell.text)
    chinese = "" if told.zh == told.en else told.zh
    bar = 0 if cell.bar is None else round(100 * cell.bar)
    if cell.svg:
        # Of a drawing the data of its line: the script draws it again.
        return [told.en, chinese, cell.state, bar, cell.svg]
    if cell.state or bar:
        return [told.en, chinese, cell.state, bar]
    return [told.en, chinese] if chinese else told.en


def in_script(text: str) -> Any:
    """Return JSON that no text in it can end: every `<` is written as its number.

    >>> str(in_script('["</script>"]'))
    '["\\\\u003c/script>"]'
    """
    from markupsafe import Markup

    escaped = text.replace("<", "\\u003c").replace("\u2028", "\\u2028")
    return Markup(escaped)  # noqa: S704  JSON of ours, of which no text can end the element
