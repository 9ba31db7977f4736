"""Stage `featurize`: makes matrix, labels and catalogue from raw tables or a finished table.

Rows that break the contract go to data/quarantine.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from rich.table import Table

from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.features.declare.registry import catalogue
from creditloom.features.engine.engine import build
from creditloom.features.engine.raw_reader import present
from creditloom.features.feature_params import FeatureParams, LabelParams
from creditloom.features.label import labels, loan_months
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.pipeline.base.stage import run
from creditloom.storage.contract.checked import Checked
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import matrix_writer, write_json, write_table
from creditloom.storage.matrix import to_matrix
from creditloom.storage.sources import check_source


def main() -> dict[str, int]:
    """Write data/features and data/quarantine.

    Returns the numbers of applications, features and quarantined rows.
    """
    source = section("source", SourceParams)
    for folder in (paths.FEATURES, paths.QUARANTINE):
        folder.mkdir(parents=True, exist_ok=True)
    if source.kind == "matrix":
        block, label, words = to_matrix(source, paths.QUARANTINE)
        return _write(iter([block]), label, words)
    # A copy of the raw tables without their bad rows, until the features are built. It is below
    # data/features, because that disk must have room for the matrix anyway.
    with TemporaryDirectory(prefix=".clean-", dir=paths.FEATURES) as clean:
        # The simulated world makes what it knows; a lender says which tables there are none of.
        needed = [table.name for table in EVENT_TABLES] if source.kind == "tables" else []
        checked = check_source(source, paths.QUARANTINE, Path(clean), needed)
        _show(checked)
        blocks = build(checked.files, section("features", FeatureParams))
        stated = section("label", LabelParams)
        label = labels(checked.files, stated)
        write_table(loan_months(checked.files, stated), paths.LOAN_MONTHS)
        words = catalogue(present(checked.files))
        return _write(blocks, label, words) | {"quarantined": checked.bad}


def _write(blocks: Iterator[pa.Table], label: pa.Table, words: dict[str, Any]) -> dict[str, int]:
    # The first block gives the schema of the matrix.
    first = next(blocks)
    rows = 0
    with matrix_writer(paths.MATRIX, first.schema) as writer:
        for block in chain([first], blocks):
            writer.write(block)
            rows += len(block)
    write_table(label, paths.LABELS)
    write_json(words, paths.CATALOGUE)
    return {"applications": rows, "features": len(words["features"])}


def _show(checked: Checked) -> None:
    """Print the rows set aside, per table and rule."""
    shown = Table("raw table", "rule", "rows set aside", title="quarantine")
    for check in checked.checks:
        for rule, rows in check.rules.items():
            shown.add_row(check.table, rule, f"{rows:,}")
    total = sum(check.rows for check in checked.checks)
    shown.add_row("all", f"of {total:,} rows", f"{checked.bad:,}", style="bold")
    Console().print(shown)
    for note in checked.notes:
        Console().print(note)


if __name__ == "__main__":
    run("featurize", main)
