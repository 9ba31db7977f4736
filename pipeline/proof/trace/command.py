"""`creditloom trace`: write the table of all rules, and say which of them nothing implements or tests."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from creditloom.pipeline.base import paths
from creditloom.pipeline.proof.trace.page import PAGE, Trace, page


def trace(
    check: Annotated[
        bool,
        typer.Option("--check", help="write nothing; exit with 1 where the page is not up to date"),
    ] = False,
) -> None:
    """Write docs/traceability.md: each rule of the sources, where it is implemented and where it is tested."""
    found, console = Trace.of(paths.CHECKOUT), Console(highlight=False, soft_wrap=True)
    text, place = page(found), paths.CHECKOUT / PAGE
    is_current = place.is_file() and place.read_text(encoding="utf-8") == text
    if not check:
        place.write_text(text, encoding="utf-8")
    console.print(
        f"{PAGE}: {len(found.rules)} rules, {len(found.missing)} not accounted for, {len(found.unknown)} unknown ids"
    )
    for what, ids in (
        ("no code or no test cites", found.missing),
        ("cited but not listed in docs/rules:", found.unknown),
    ):
        if ids:
            console.print(f"{what} {', '.join(ids)}")
    if found.missing or found.unknown or (check and not is_current):
        raise typer.Exit(1)
