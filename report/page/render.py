"""Renders `ReportData` as one HTML text: everything inline, everything escaped, nothing fetched."""

from __future__ import annotations

from creditloom.report.page.sections import sections
from creditloom.report.parts.blocks import Section
from creditloom.report.parts.data import ReportData


def render(data: ReportData, parts: tuple[Section, ...] | None = None) -> str:
    """Return the report as one self-contained HTML page; parts that are None are left out.

    `parts` are the sections of another page than the report, in reading order. Jinja escapes every
    value. Only SVG drawn by `charts` and the package's own style and script are placed as they are.
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
    shown = sections(data) if parts is None else parts
    return environment.get_template("page.html").render(data=data, sections=shown) + "\n"
