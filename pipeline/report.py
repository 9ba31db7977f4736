"""Stage `report`: everything measured, on one page that needs no network; and the seconds of all stages in one file."""

from __future__ import annotations

from rich.console import Console

from data.params import SourceParams
from data.store import write_text
from models.report import ReportParams, render
from pipeline import paths
from pipeline.params import section
from pipeline.report_data import assemble
from pipeline.stage import run


def main() -> dict[str, int]:
    """Write data/reports/index.html and runtime.json; return the size of the page."""
    page = render(assemble(section("report", ReportParams), section("source", SourceParams)))
    write_text(page, paths.REPORT)
    size = len(page.encode())
    Console().print(f"report: {paths.REPORT}, {size / 1e6:.1f} MB, opens without a network")
    return {"bytes": size}


if __name__ == "__main__":
    run("report", main)
