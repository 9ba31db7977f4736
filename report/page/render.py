"""From `ReportData` to one HTML text: everything inline, everything escaped, nothing fetched."""

from __future__ import annotations

from creditloom.report.page.sections import sections
from creditloom.report.parts.data import ReportData


def render(data: ReportData) -> str:
    """The report as one self-contained HTML page; parts of `data` that are None are left out.

    Jinja escapes every value; only SVG drawn by `charts` and the package's own style and script are placed as they are.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("creditloom.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(data=data, sections=sections(data)) + "\n"
