"""`creditloom open`: opens the report, or another page that a command wrote, in the browser."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.storage.files.errors import DataError

# table: word -> page below the working folder
PAGES = {
    "report": paths.REPORT,
    "compare": paths.COMPARE / "index.html",
    "optimum": paths.OPTIMUM / "index.html",
    "world": paths.RAW / "index.html",
}

PageArgument = Annotated[
    str, typer.Argument(help=f"{', '.join(PAGES)}, or the path of a page", metavar="PAGE")
]
PathOnlyOption = Annotated[bool, typer.Option("--path", help="print the path, open nothing")]


def open_page(page: PageArgument = "report", path_only: PathOnlyOption = False) -> None:
    """Open the report, or another page that a command wrote, in the browser."""
    file = PAGES.get(page, Path(page))
    if file.is_dir():
        file = file / "index.html"
    if not file.is_file():
        raise DataError(
            f"{file}: no such page; expected one of {', '.join(PAGES)}, or a path. "
            "The report is written by `make repro`, a page of your own table by `creditloom fit`."
        )
    whole = file.resolve()
    if path_only or not webbrowser.open(whole.as_uri()):
        # On a machine without a screen no browser opens: the path can be copied.
        Console().print(str(whole), soft_wrap=True)
