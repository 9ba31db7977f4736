"""`creditloom decide`: one application as JSON in, its decision as JSON out; or the rows of a small table."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import pyarrow.compute as pc
import typer

from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.decision.reasons.reasons import Explain
from creditloom.decision.reasons.text import Language
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import ParamsError
from creditloom.storage.files.store import iter_tables, open_parquet, read_frame, write_table

InputOption = Annotated[
    Path | None,
    typer.Option(
        "--input",
        help="JSON (one object or a list), or a .parquet table; `-` reads JSON from stdin",
    ),
]


def decide(
    source: InputOption = None,
    application: Annotated[
        int | None,
        typer.Option(help="an application_id of data/features/matrix.parquet instead of --input"),
    ] = None,
    product: Annotated[
        str,
        typer.Option(help="as shanyin@S1; default: the bundle's. `creditloom products` lists them"),
    ] = "",
    law: Annotated[str, typer.Option(help="as cn_2025q4; default: the law of the day")] = "",
    bundle: Annotated[Path, typer.Option(help="folder of the bundle")] = paths.MODEL,
    explain: Annotated[
        Explain, typer.Option(help="reasons for adverse decisions, for all, or none")
    ] = "adverse",
    language: Annotated[Language, typer.Option(help="of the reasons")] = "en",
    output: Annotated[
        Path | None, typer.Option(help="write a .parquet table instead of JSON to stdout")
    ] = None,
    template: Annotated[
        bool, typer.Option("--template", help="print an application of nulls to fill in, and stop")
    ] = False,
) -> None:
    """Decide one application (or a few rows) with a bundle, under a product and a law of it.

    Fails closed: a fact that a hard rule asks for and nobody states refuses or refers; `not_assessed` names the rest.
    For many rows use `creditloom score`.
    """
    decider = Decider.load(bundle, threads=1)
    if template:
        _write(dict.fromkeys(decider.columns(())))
        return
    rows = _rows(decider, source, application)
    decisions = decisions_table(
        decider.decide(rows, explain=explain, language=language, product=product, law=law)
    )
    if output is not None:
        write_table(decisions, output)
        return
    found = decisions.to_pylist()
    _write(found[0] if len(found) == 1 else found)


def _rows(decider: Decider, source: Path | None, application: int | None) -> pd.DataFrame:
    """The application asked for. Raises ParamsError when none or two are named, or what is named is not there."""
    if (source is None) == (application is None):
        raise ParamsError(
            "creditloom decide: expected either --input or --application, got both or neither; --template shows an application"
        )
    if source is not None:
        return read_frame(source) if source.suffix == ".parquet" else from_json(_text(source))
    with open_parquet(paths.MATRIX) as matrix:
        there = set(matrix.schema_arrow.names)
    for block in iter_tables(paths.MATRIX, decider.columns(there)):
        mine = block.filter(pc.equal(block["application_id"], application))
        if len(mine):
            return mine.to_pandas(ignore_metadata=True)
    raise ParamsError(
        f"creditloom decide: expected an application_id of {paths.MATRIX}, got {application}, which it does not hold"
    )


def _text(source: Path) -> str:
    if str(source) == "-":
        return sys.stdin.read()
    if not source.is_file():
        raise ParamsError(
            f"creditloom decide: no such file {source}; expected an application as JSON, --template shows one"
        )
    return source.read_text(encoding="utf-8")


def from_json(text: str) -> pd.DataFrame:
    """One object or a list of them as rows; `as_of` is ISO 8601. Raises ParamsError for anything else."""
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise ParamsError(f"creditloom decide: the input is not JSON: {error}") from error
    rows = parsed if isinstance(parsed, list) else [parsed]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ParamsError(
            "creditloom decide: expected one application as an object, or a list of objects; --template shows one"
        )
    frame = pd.DataFrame(rows)
    if "as_of" in frame:
        frame["as_of"] = _moments(frame["as_of"])
    return frame


def _moments(texts: pd.Series) -> pd.Series:
    try:
        return pd.to_datetime(texts, utc=True, format="ISO8601").dt.tz_localize(None)
    except (ValueError, TypeError) as error:
        raise ParamsError(
            f"creditloom decide: as_of: expected a moment as 2025-11-03T10:00:00, {error}"
        ) from error


def _write(found: Any) -> None:
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1, default=str) + "\n")
