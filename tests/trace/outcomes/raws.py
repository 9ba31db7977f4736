"""Raw tables of the shared world as a lender might send them, held against the contract."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import section
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.sources import check_source
from tests.trace.outcomes import worlds

NAMES = "contacts sent under their names"


def names() -> set[str]:
    """Return the one situation."""
    return {NAMES}


def run(name: str) -> dict[str, Any]:
    """Return rows set aside per table; where the tables are refused, that in words."""
    with TemporaryDirectory() as place:
        folder = Path(place) / "raw"
        for table, files in worlds.raw_files(worlds.kept()).items():
            if table in ("applications", "contacts"):
                _copy(table, files, folder / table)
        committed = section("source", SourceParams, paths.DEFAULTS)
        source = replace(committed, path=str(folder))
        try:
            checked = check_source(source, Path(place) / "aside", Path(place) / "clean")
        except DataError as refusal:
            # The folder of this run is no part of the outcome.
            return {"refused": str(refusal).replace(place, "")}
        return {check.table: [check.rows, check.bad] for check in checked.checks}


def _copy(table: str, files: list[str], folder: Path) -> None:
    folder.mkdir(parents=True)
    for number, path in enumerate(files):
        rows = pq.read_table(path, partitioning=None)
        if table == "contacts":
            person = pc.binary_join_element_wise("Li", rows["contact_id"].cast(pa.string()), " ")
            place = rows.column_names.index("contact_id")
            rows = rows.set_column(place, "contact_id", person)
        pq.write_table(rows, folder / f"part-{number}.parquet")
