"""`creditloom lineage`: the raw rows behind a number of a decision, and the number made again."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from rich.progress import track
from rich.table import Table

from creditloom.features.engine.listed_rows import parts_of, row_lines
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.commands.tables.lineage_parts import (
    DecidedOn,
    Lineage,
    RawTables,
    decided_on,
    decisions_at,
    matrix_of,
    one_moment,
    recorded_value,
    snapshot_of,
)
from creditloom.storage.files.errors import DataError

DIFFERS = 6  # exit code
MAX_SHOWN = 20  # rows of a table on a terminal; --json holds all
_out = Console(soft_wrap=True)
_err = Console(stderr=True, soft_wrap=True, highlight=False)

# The options of the command, each with its help.
DecisionOption = Annotated[str, typer.Option(help="the decision, as its row names it")]
FeatureOption = Annotated[str, typer.Option(help="the feature, as catalogue.json names it")]
DecisionsOption = Annotated[
    Path, typer.Option(help="where the decision is: a batch's folder, or a Parquet file")
]
RawOption = Annotated[Path, typer.Option(help="the raw tables that the features were made of")]
MatrixOption = Annotated[
    Path | None,
    typer.Option(help="the features that were decided on; default: the batch's input"),
]
RandomOption = Annotated[
    int, typer.Option(min=0, help="check so many random numbers instead, and list no rows")
]
SeedOption = Annotated[int, typer.Option(help="of the random numbers")]
JsonOption = Annotated[bool, typer.Option("--json", help="every row as JSON on standard output")]


def lineage(
    decision_id: DecisionOption = "",
    feature: FeatureOption = "",
    decisions: DecisionsOption = paths.DECISIONS,
    raw: RawOption = paths.RAW,
    matrix: MatrixOption = None,
    random: RandomOption = 0,
    seed: SeedOption = 1,
    as_json: JsonOption = False,
) -> None:
    """List the raw rows that a number of a decision was made of, and make it of them again.

    Of what other people's rows say, the person's edges are listed, and the sha256 of the files that
    the value was made of. Exit code 6: a number does not come out again to the bit.
    """
    if not random and not (decision_id and feature):
        raise DataError.of(
            "Which number?",
            where="creditloom lineage",
            expected="--decision-id and --feature, or --random",
            got="neither",
            next_step="take an id of decisions.parquet and a feature of catalogue.json",
        )
    place = matrix or matrix_of(decisions, paths.MATRIX)
    decided = decisions_at(decisions)
    tables = RawTables(raw, as_of=one_moment(place))
    if random:
        _check(tables, decided, place, random, seed)
        return
    decision = decided_on(decided, decision_id, decisions)
    # Before the matrix is read, so that a mistyped name is told as one.
    parts_of(feature, tables.what)
    value = recorded_value(place, decision, feature)
    found = replace(tables.lineage(decision, feature, value), snapshot=snapshot_of(decisions))
    if as_json:
        sys.stdout.write(json.dumps(plain(found), indent=1, default=str) + "\n")
    else:
        _show(found)
    if not found.is_same:
        raise SystemExit(DIFFERS)


def plain(found: Lineage) -> dict[str, Any]:
    """Return a lineage as plain values, null for NaN."""
    numbers = {
        name: None if np.isnan(value) else value
        for name, value in (("value", found.value), ("again", found.again))
    }
    # table: the lineage
    return {
        "decision_id": found.decision.decision_id,
        "application_id": found.decision.application_id,
        "as_of": found.decision.as_of,
        "feature": found.spec.name,
        "text": found.spec.text_en,
        "unit": found.spec.unit,
        **numbers,
        "is_same": found.is_same,
        "rows": [line for one in found.rows for line in row_lines(one)],
        "network": {
            name: {"edges": rows.edges.to_pylist(), "others": rows.others.to_pylist()}
            for name, rows in found.network.items()
        },
        "files": found.files,
        "snapshot": found.snapshot or None if found.network else None,
    }


def _show(found: Lineage) -> None:
    said = plain(found)
    _out.print(f"{said['feature']}: {said['text']} ({said['unit']})")
    same = "the same to the bit" if found.is_same else "NOT the same"
    _out.print(f"decided on {said['value']}, made again {said['again']}: {same}")
    for one in found.rows:
        lines = [*row_lines(one)]
        _rows(f"{len(lines):,} of {len(lines) + len(one.others):,} rows of {one.table}", lines)
    for name, rows in said["network"].items():
        _rows(f"{len(rows['edges']):,} edges behind {name}", rows["edges"])
        _rows(f"{len(rows['others']):,} people at their other end", rows["others"])
    for file, sha in found.files.items():
        _out.print(f"made of the whole of {file}, sha256 {sha}")
    if said["snapshot"]:
        _out.print(f"decided on the network snapshot with sha256 {found.snapshot}")


def _rows(title: str, lines: list[dict[str, Any]]) -> None:
    if not lines:
        _out.print(f"{title}")
        return
    table = Table(title=title)
    for name in lines[0]:
        table.add_column(name)
    for line in lines[:MAX_SHOWN]:
        values = {**line, "file": Path(str(line["file"])).name} if "file" in line else line
        table.add_row(*("" if value is None else str(value) for value in values.values()))
    _out.print(table)
    if len(lines) > MAX_SHOWN:
        _out.print(f"{len(lines) - MAX_SHOWN:,} more: --json")


def _check(tables: RawTables, decided: pa.Table, matrix: Path, numbers: int, seed: int) -> None:
    """Make random numbers of random decisions again; end with DIFFERS where one does not."""
    rng = np.random.default_rng(seed)
    # A file, or a folder with one for each shard of a lake.
    there = set(pq.ParquetDataset(matrix).schema.names)
    names = [spec.name for spec in tables.what.specs if spec.name in there]
    rows = rng.integers(0, len(decided), numbers)
    picked = [DecidedOn(**row) for row in decided.take(pa.array(rows)).to_pylist()]
    features = [names[k] for k in rng.integers(0, len(names), numbers)]
    values = _values(matrix, picked, features)
    snapshots = _snapshots(tables, picked, features)
    counts: Counter[str] = Counter()
    wrong = []
    jobs = [*zip(picked, features, values, snapshots, strict=True)]
    for one in track(jobs, "numbers", console=_err, disable=not sys.stderr.isatty()):
        found = tables.lineage(*one)
        kind = "of others' rows" if one[3] else "of own rows"
        kind = f"{kind}, null" if np.isnan(found.value) else kind
        counts[kind] += 1
        if not found.is_same:
            wrong.append(f"{found.spec.name} of {found.decision.decision_id}")
    for kind, count in sorted(counts.items()):
        _out.print(f"{count:,} {kind}")
    _out.print(f"{numbers - len(wrong):,} of {numbers:,} numbers made again to the bit")
    for line in wrong[:MAX_SHOWN]:
        _err.print(f"not the same: {line}")
    if wrong:
        raise SystemExit(DIFFERS)


def _values(matrix: Path, picked: list[DecidedOn], features: list[str]) -> list[float]:
    """Return the numbers that were decided on; NaN for null."""
    wanted = dict.fromkeys(one.application_id for one in picked)
    columns = ["application_id", *dict.fromkeys(features)]
    # Row groups are looked at by their smallest and largest ids.
    frame = pq.read_table(
        matrix, columns=columns, filters=[("application_id", "in", [*wanted])]
    ).to_pandas()
    rows = frame.set_index("application_id")
    pairs = zip(picked, features, strict=True)
    return [float(rows.at[one.application_id, name]) for one, name in pairs]


def _snapshots(
    tables: RawTables, picked: list[DecidedOn], features: list[str]
) -> list[dict[str, float]]:
    """Return what other people's rows say to each number, made of the whole tables at once."""
    parts = [
        [one for one in parts_of(name, tables.what) if one in tables.snapshot_specs]
        for name in features
    ]
    at = [k for k, names in enumerate(parts) if names]
    needed = sorted({name for names in parts for name in names})
    made = tables.network_values([tables.spine(picked[k]) for k in at], needed) if at else {}
    found: list[dict[str, float]] = [{} for _ in parts]
    for place, k in enumerate(at):
        found[k] = {name: float(made[name][place]) for name in parts[k]}
    return found
