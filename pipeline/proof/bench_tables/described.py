"""Reads tables of real people by a small description each: a YAML file named as their sub-folder.

A description names label, id and columns to leave out. A table that lies in several files is
prepared by a query, which sees each Parquet file of the sub-folder under its name.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from creditloom.pipeline.base import params
from creditloom.pipeline.proof.bench_tables.bench_table import BenchTable, FoldKind
from creditloom.storage.contract.row_rules import missing_column
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import read_table
from creditloom.storage.finished import finished_of

# The descriptions of public tables that people often compare on.
DESCRIPTIONS = Path(__file__).with_name("descriptions")
# No date of a table is refused as too late: a bench reads history.
LATEST = dt.datetime(9999, 12, 31)


@dataclass(frozen=True)
class TableDescription:
    """What a bench must know about a table.

    source: where it comes from, and its terms.
    path: a Parquet file, or a folder of them for a query; relative to the sub-folder of the table.
    label: column with 1 = bad, 0 = good. id: column that names a row. drop: columns left out.
    categorical: columns that are categories although numbers; texts always are.
    time: column with the date of application. group: column that names the person.
    special_codes: numbers that mean something other than their size.
    folds: "forward" judges later rows than those learnt from, and needs `time`.
    repeats: how often the folds are drawn.
    query: a SELECT of DuckDB over the files of the folder `path`, one row per application; null
    where `path` is the table.
    """

    source: str
    path: str
    label: str
    id: str | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    time: str | None = None
    group: str | None = None
    special_codes: tuple[float, ...] = ()
    folds: FoldKind = "mixed"
    repeats: int = 1
    query: str | None = None


def names_in(folder: Path) -> tuple[str, ...]:
    """Return the names of the tables of a folder: its sub-folders and Parquet files."""
    if not folder.is_dir():
        raise DataError.of(
            "No such folder",
            where="--folder",
            expected="a folder with a sub-folder or a Parquet file for each table",
            got=folder,
            next_step="correct the path",
        )
    found = [one for one in folder.iterdir() if one.is_dir() or one.suffix == ".parquet"]
    return tuple(sorted(one.stem for one in found if not one.name.startswith(".")))


def read(folder: Path, name: str, descriptions: Path = DESCRIPTIONS) -> BenchTable:
    """Return the table `name` of a folder by its description `name`.yaml.

    Raises DataError where there is no description, or the table is not as described.
    """
    file = descriptions / f"{name}.yaml"
    if not file.is_file():
        raise DataError.of(
            f"Table `{name}` has no description",
            where=folder / name,
            expected=file,
            got="no such file",
            next_step="write it (label, path, source at least), or name another folder of them "
            "by --descriptions",
        )
    description = params.document(TableDescription, file)
    base = folder / name if (folder / name).is_dir() else folder
    return bench_table(name, description, base)


def bench_table(name: str, description: TableDescription, base: Path) -> BenchTable:
    """Return the described table; `base` is the folder that its path is relative to."""
    place = base / description.path
    table = _queried(place, description.query) if description.query else read_table(place)
    for wanted in _named(description):
        if wanted not in table.column_names:
            raise missing_column(
                wanted, table.column_names, place, "a column of the table", is_named=True
            )
    # Read as `creditloom fit` reads a table. Codes stay: each contestant treats them its own way.
    source = SourceParams(
        "matrix",
        str(place),
        label=description.label,
        id=description.id,
        time=description.time,
        group=description.group,
        drop=description.drop,
        categorical=description.categorical,
    )
    finished = finished_of(table, source, LATEST)
    return BenchTable(
        name=name,
        frame=finished.features,
        label=finished.label,
        folds=description.folds,
        repeats=description.repeats,
        special_codes=description.special_codes,
        time=finished.time,
        group=finished.group,
    )


def _queried(folder: Path, query: str) -> pa.Table:
    with duckdb.connect() as connection:
        for file in sorted(folder.glob("*.parquet")):
            connection.read_parquet(str(file)).create_view(file.stem)
        return connection.sql(query).to_arrow_table()


def _named(description: TableDescription) -> list[str]:
    single = (description.label, description.id, description.time, description.group)
    names = [name for name in single if name is not None]
    return [*names, *description.drop, *description.categorical]
