"""`creditloom decide`: decides one application, or the few rows of a small table.

It reads one application as JSON and prints its decision as JSON. For many rows use `creditloom
score`.
"""

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
from creditloom.decision.reasons.hints import hints
from creditloom.decision.reasons.reasons import Explain
from creditloom.decision.reasons.text import Language
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import ParamsError
from creditloom.pipeline.commands.letters.first_decision import FirstOption, first_of
from creditloom.pipeline.commands.own_outputs import require_table, write_kind
from creditloom.serving.batch.schema import check_schema
from creditloom.serving.inputs import columns, layout_of
from creditloom.serving.own.text_columns import TextColumns, has_whole_ids
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.outputs import require_apart
from creditloom.storage.files.store import iter_tables, open_parquet, read_frame
from creditloom.storage.own.csv_files import is_csv, read_csv

# The options of the command, each with its help.
InputOption = Annotated[
    Path | None,
    typer.Option(
        "--input",
        help="JSON (one object or a list), or a table (Parquet, CSV); `-` reads JSON from stdin",
    ),
]
ApplicationOption = Annotated[
    int | None,
    typer.Option(help="an application_id of data/features/matrix.parquet instead of --input"),
]
ProductOption = Annotated[
    str,
    typer.Option(help="as shanyin@S1; default: the bundle's. `creditloom products` lists them"),
]
LawOption = Annotated[str, typer.Option(help="as cn_2025q4; default: the law of the day")]
BundleOption = Annotated[Path, typer.Option(help="folder of the bundle")]
ExplainOption = Annotated[
    Explain, typer.Option(help="reasons for adverse decisions, for all, or none")
]
LanguageOption = Annotated[
    Language, typer.Option("--language", "--lang", help="of the reasons: en or zh")
]
OutputOption = Annotated[
    Path | None, typer.Option(help="write a .parquet table instead of JSON to stdout")
]
TemplateOption = Annotated[
    bool, typer.Option("--template", help="print an application of nulls to fill in, and stop")
]
# The kind of the table that --output names.
DECIDED = "decisions of a few"


def decide(
    source: InputOption = None,
    application: ApplicationOption = None,
    first: FirstOption = None,
    product: ProductOption = "",
    law: LawOption = "",
    bundle: BundleOption = paths.MODEL,
    explain: ExplainOption = "adverse",
    language: LanguageOption = "en",
    output: OutputOption = None,
    template: TemplateOption = False,
) -> None:
    """Decide one application (or a few rows) with a bundle, under a product and a law of it.

    Fails closed: a fact that a hard rule asks for and nobody states refuses or refers;
    `not_assessed` names the rest. For many rows use `creditloom score`.
    """
    if output is not None:
        require_table(output, DECIDED)
        require_apart([output], [] if source is None else [source])
    # One thread: starting a second one takes longer than deciding a few rows.
    decider = Decider.load(bundle, threads=1)
    if template:
        _print_json(dict.fromkeys(decider.columns(())))
        return
    if first is not None and application is None and source is None:
        application = int(first_of(first)[1])
    rows = _rows(decider, bundle, source, application)
    decided = decider.decide(rows, explain=explain, language=language, product=product, law=law)
    decisions = decisions_table(decided)
    if output is not None:
        write_kind(decisions, output, DECIDED)
        return
    words = decider.bundle.scorer.catalogue
    records = [
        {**record, "hints": hints(words, record["reasons"] or (), language)}
        for record in decisions.to_pylist()
    ]
    _print_json(records[0] if len(records) == 1 else records)


def _rows(
    decider: Decider, bundle: Path, source: Path | None, application: int | None
) -> pd.DataFrame:
    """Return the rows of the file, or the application of the matrix, that the options name.

    Raises ParamsError when none or both are named, or when what is named is not there.
    """
    if (source is None) == (application is None):
        raise ParamsError(
            "creditloom decide: expected one of --input, --application, --first, got more or none; "
            "--template shows an application"
        )
    if source is not None:
        return _of_file(source, bundle)
    with open_parquet(paths.MATRIX) as matrix:
        names = set(matrix.schema_arrow.names)
    for block in iter_tables(paths.MATRIX, decider.columns(names)):
        rows = block.filter(pc.equal(block["application_id"], application))
        if len(rows):
            return rows.to_pandas(ignore_metadata=True)
    raise ParamsError(
        f"creditloom decide: expected an application_id of {paths.MATRIX}, got {application}, "
        "which it does not hold"
    )


def _of_file(source: Path, bundle: Path) -> pd.DataFrame:
    """Return the rows of a file; DataError where it has none."""
    if is_csv(source):
        rows = _of_csv(source, bundle)
    else:
        rows = read_frame(source) if source.suffix == ".parquet" else from_json(_text(source))
    if rows.empty:
        raise DataError.of(
            "No application",
            where=source,
            expected="one row or more",
            got="none",
            next_step="add a row below the header; creditloom decide --template shows its facts",
        )
    return rows


def _of_csv(source: Path, bundle: Path) -> pd.DataFrame:
    """Return a CSV as the bundle reads it; DataError for the first cell that it cannot read."""
    table = read_csv(source)
    read = columns(bundle, table.column_names)
    check_schema(table.schema, read, source, is_text=True)
    layout = layout_of(bundle)
    is_whole = has_whole_ids(table[read[0].read_from].chunks, layout)
    typed, faults = TextColumns.of(read, layout, has_whole_ids=is_whole).typed(table)
    for fault in faults:
        raise DataError.of(
            f"Column `{fault.column}` holds what no decision may rest on",
            where=f"{source}, row {fault.rows[0]}",
            expected="a value as training read it",
            got=fault.reasons[0],
            next_step="correct it; `creditloom score` sets such rows aside and decides the others",
        )
    return typed.to_pandas(integer_object_nulls=True)


def _text(source: Path) -> str:
    if str(source) == "-":
        return sys.stdin.read()
    if not source.is_file():
        raise ParamsError(
            f"creditloom decide: no such file {source}; expected an application as JSON, "
            "--template shows one"
        )
    return source.read_text(encoding="utf-8")


def from_json(text: str) -> pd.DataFrame:
    """Return one object or a list of them as rows; `as_of` is ISO 8601, taken as UTC.

    Raises ParamsError for anything else.

    >>> from_json('{"application_id": 7, "as_of": "2025-11-03T18:00:00+08:00"}')["as_of"][0]
    Timestamp('2025-11-03 10:00:00')
    """
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise ParamsError(f"creditloom decide: the input is not JSON: {error}") from error
    rows = parsed if isinstance(parsed, list) else [parsed]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ParamsError(
            "creditloom decide: expected one application as an object, or a list of objects; "
            "--template shows one"
        )
    frame = pd.DataFrame(rows)
    if "as_of" in frame:
        frame["as_of"] = _moments(frame["as_of"])
    return frame


def _moments(texts: pd.Series) -> pd.Series:
    try:
        # Remove the time zone: every time in this repository is UTC without a zone.
        return pd.to_datetime(texts, utc=True, format="ISO8601").dt.tz_localize(None)
    except (ValueError, TypeError) as error:
        raise ParamsError(
            f"creditloom decide: as_of: expected a moment as 2025-11-03T10:00:00, {error}"
        ) from error


def _print_json(content: Any) -> None:
    # `default=str`: times and dates are written as text.
    sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n")
