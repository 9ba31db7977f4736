"""`creditloom recourse`: what a person could have changed to be approved, at the same moment."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import typer

from creditloom.decision.decide import Decider
from creditloom.decision.reasons.text import Language
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import ParamsError, document
from creditloom.serving.applicant.recourse.actionable import Actionable
from creditloom.serving.applicant.recourse.recourse import recourse_of
from creditloom.storage.folders.raw_folder import raw_tables

# The options of the command, each with its help.
ApplicationOption = Annotated[
    list[int], typer.Option(help="an application_id of the matrix; may be given several times")
]
MatrixOption = Annotated[
    Path, typer.Option(help="the decided rows: the matrix, or features/matrix.parquet of a batch")
]
RawOption = Annotated[Path, typer.Option(help="the raw tables that the matrix was made of")]
BundleOption = Annotated[Path, typer.Option(help="folder of the bundle that decided")]
ProductOption = Annotated[str, typer.Option(help="as weilidai@S5; default: the bundle's")]
LawOption = Annotated[str, typer.Option(help="as cn_2025q4; default: the law of the day")]
LanguageOption = Annotated[
    Language, typer.Option("--language", "--lang", help="of the sentences: en or zh")
]
JsonOption = Annotated[bool, typer.Option("--json", help="one JSON object a line")]


def recourse(
    application: ApplicationOption,
    matrix: MatrixOption = paths.MATRIX,
    raw: RawOption = paths.RAW,
    bundle: BundleOption = paths.MODEL,
    product: ProductOption = "",
    law: LawOption = "",
    language: LanguageOption = "en",
    as_json: JsonOption = False,
) -> None:
    """Say what would have led to approval: the cheapest changes of own raw quantities, if any.

    For a decline, a referral or a refusal the goal is an approval; for a cut limit it is an uncut
    one, or else a limit a quarter higher. Up to three changes of the list
    features/contract/actionable.yaml; each set is decided by the bundle on features made afresh.
    """
    actionable = document(Actionable, paths.ACTIONABLE)
    rows = _rows(bundle, matrix, application)
    sources = {name: [str(file) for file in files] for name, files in raw_tables(raw).items()}
    for answer in recourse_of(bundle, actionable, sources, rows, product=product, law=law):
        if as_json:
            sys.stdout.write(json.dumps(answer.record(), ensure_ascii=False) + "\n")
        else:
            Console().print("\n".join(answer.lines(language)), highlight=False)


def _rows(bundle: Path, matrix: Path, applications: Sequence[int]) -> pa.Table:
    """Return the decided rows, by id. Raises ParamsError for an application that is not there."""
    columns = Decider.load(bundle, threads=1).columns(set(pq.read_schema(matrix).names))
    wanted = ds.field("application_id").isin(applications)
    rows = ds.dataset(matrix, format="parquet").to_table(columns=columns, filter=wanted)
    missing = sorted(set(applications) - set(rows["application_id"].to_pylist()))
    if missing:
        raise ParamsError(
            f"creditloom recourse: expected an application_id of {matrix}, got {missing[0]}, which "
            "it does not hold"
        )
    return rows.sort_by("application_id").combine_chunks()
