"""`creditloom erase`: takes persons out of every batch and store that the log names.

docs/batch.md says what stays, and docs/threat-model.md what that proves.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

# Imported for the kinds of stores that it registers.
from creditloom.pipeline.base.console import Console
from creditloom.serving.applicant.online import erasing as online  # noqa: F401 - kinds of stores
from creditloom.serving.ledger.log import stores
from creditloom.serving.ledger.log.erasure import Outcome
from creditloom.serving.ledger.log.erasure import erase as erase_persons
from creditloom.serving.ledger.log.log import FOLDER, Log
from creditloom.serving.ledger.log.notes import note_store
from creditloom.serving.ledger.signing import private_key
from creditloom.serving.referral import persons as overrides  # noqa: F401 - a kind of stores

MISSING = 6  # exit code: a person looks at it
_err = Console(stderr=True, soft_wrap=True, highlight=False)

PersonsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="PERSON...", help="application ids")
]
ReasonOption = Annotated[
    str, typer.Option(help="why, in a sentence that names no value of the person; it stays")
]
LogOption = Annotated[
    Path, typer.Option(help="the folder of the log, which names batches and stores")
]
ListOption = Annotated[
    Path | None, typer.Option("--from", help="a text file with an application id a line")
]
TableOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--table", help="a Parquet file with application_id that the log shall name from now on"
    ),
]
SignOption = Annotated[
    Path | None,
    typer.Option(
        help="a private key that signs the log; default: that of CREDITLOOM_SIGN, or none"
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="the outcome as JSON on standard output")]


def erase(
    reason: ReasonOption,
    persons: PersonsArgument = None,
    log: LogOption = Path(FOLDER),
    listed: ListOption = None,
    tables: TableOption = None,
    sign: SignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase persons from every batch and store of a log; what stays proves the other rows.

    Exit code 0: done everywhere; 6: a place of the log is not there any more.
    """
    lines = [] if listed is None else listed.read_text(encoding="utf-8").split("\n")
    wanted = {*(persons or ()), *filter(None, (line.strip() for line in lines))}
    key = private_key(sign)
    place = Log(log)
    for table in tables or ():
        note_store(place, stores.TABLE, table, key)
    outcomes = erase_persons(wanted, reason, place, key)
    _tell(outcomes, str(place.head()), as_json=as_json)


def _tell(outcomes: list[Outcome], head: str, *, as_json: bool) -> None:
    gone = [outcome.path for outcome in outcomes if outcome.erased is None]
    rows = {o.path: o.erased.rows for o in outcomes if o.erased is not None}
    if as_json:
        content = {"rows": rows, "not_there": gone, "log_head": head}
        sys.stdout.write(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    for outcome in outcomes:
        if outcome.erased is None:
            _err.print(f"{outcome.path}: not there any more; where it was moved, erase there")
            continue
        _err.print(f"{outcome.path}: {outcome.erased.rows:,} rows erased")
        for left in outcome.erased.left:
            _err.print(f"  {left}")
    _err.print(f"log  {head}")
    if gone:
        raise SystemExit(MISSING)
