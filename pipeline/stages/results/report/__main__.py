"""Stage `report`: writes everything measured on one page that needs no network.

It also writes the seconds of all stages into one file beside the page.
"""

from __future__ import annotations

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.pipeline.base.stage import run
from creditloom.pipeline.stages.results.report.report_parts import assemble
from creditloom.report.page.render import render
from creditloom.report.parts.data import ReportParams
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import write_text


def main() -> dict[str, int]:
    """Write data/reports/index.html and runtime.json; return the size of the page in bytes."""
    page = render(assemble(section("report", ReportParams), section("source", SourceParams)))
    write_text(page, paths.REPORT)
    size = len(page.encode())
    Console().print(f"report: {paths.REPORT}, {size / 1e6:.1f} MB, opens without a network")
    return {"bytes": size}


if __name__ == "__main__":
    run("report", main)
