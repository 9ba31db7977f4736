"""`creditloom open`: opens the report, or another page that a command wrote, in the browser."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.storage.files.errors import DataError

# table: word -> page below the working folder, which the stage or command of that name writes
PAGES = {
    "report": paths.REPORT,
    "whatif": paths.WHATIF / "index.html",
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
        raise DataError.of(
            "No such page",
            where=file,
            expected=f"{' or '.join(PAGES)}, once it is written, or the path of a page",
            got=page,
            next_step="make repro writes the report, creditloom whatif its page, creditloom fit "
            "and creditloom simulate the page of their --out",
        )
    whole = file.resolve()
    if path_only or not webbrowser.open(whole.as_uri()):
        # On a machine without a screen no browser opens: the path can be copied.
        Console().print(str(whole), soft_wrap=True)
