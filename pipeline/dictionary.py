"""`creditloom dictionary`: writes docs/features.md, a page per family and the worked examples, from the declarations and the spec tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from data.store import write_text
from features.catalogue import catalogue
from features.dictionary import pages
from features.tables import EVENT_TABLES
from pipeline import paths
from pipeline.worked import page

DOCS = paths.HOUSE / "docs"
SPEC = paths.HOUSE / "tests" / "spec"


def dictionary(folder: Annotated[Path, typer.Option(help="where the pages go")] = DOCS) -> None:
    """Write the data dictionary: every feature with text, unit, windows, sign, meaning of null and source."""
    written = documents()
    for name, text in written.items():
        write_text(text, folder / name)
    Console().print(f"{folder}: {len(written)} pages, {sum(map(len, written.values())):,} characters")


def documents() -> dict[str, str]:
    """File name to text of every page."""
    return {**pages(catalogue([table.name for table in EVENT_TABLES])), "features/examples.md": page(SPEC)}
