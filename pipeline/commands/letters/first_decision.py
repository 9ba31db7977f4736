"""Names a decision by its outcome: the first approval, decline, referral or refusal that is there.

An example that works in every run names no id: another seed has other people.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import pyarrow.compute as pc
import typer

from creditloom.pipeline.base import paths
from creditloom.serving.batch.output import BatchFolder
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import BATCH, read_document
from creditloom.storage.files.store import read_table

Decided = Literal["approve", "refer", "decline", "refuse"]

FirstOption = Annotated[
    Decided | None,
    typer.Option("--first", help="or the first decision with this outcome, instead of an id"),
]
_COLUMNS = ("decision_id", "application_id", "decision")


def first_of(outcome: Decided, batch: Path | None = None) -> tuple[str, str]:
    """Return decision id and application id, as text, of the first decision with an outcome.

    batch: a folder of `creditloom score`; None takes the decisions of the stages. Raises DataError
    where none has the outcome.
    """
    for file in _files(batch):
        table = read_table(file, _COLUMNS)
        place = pc.index(table["decision"], outcome).as_py()
        # -1: not in this part.
        if place >= 0:
            ids = (str(table[name][place].as_py()) for name in _COLUMNS[:2])
            return next(ids), next(ids)
    raise DataError.of(
        "No decision with this outcome",
        where=batch or paths.DECISIONS,
        expected=f"one that is `{outcome}`",
        got="none",
        next_step="ask for another outcome, or name an application",
    )


def _files(batch: Path | None) -> Iterator[Path]:
    """Yield the tables of decisions, in the order of their parts."""
    if batch is None:
        if not paths.DECISIONS.is_file():
            raise DataError.of(
                "No decisions here yet",
                where=paths.DECISIONS,
                expected="the decisions of the stages, or a batch",
                got="none",
                next_step="run `make repro`, or name a folder of `creditloom score` with --batch",
            )
        yield paths.DECISIONS
        return
    folder = BatchFolder(batch)
    for receipt in folder.receipts():
        yield folder.file("decisions", int(read_document(receipt, BATCH)["part"]))
