"""`python -m creditloom.pipeline.proof.compare OLD NEW`: compares two output folders to the bit.

It checks a change of code that must not change results. OLD and NEW are `data/` of two checkouts,
or two folders of `creditloom fit`. Parquet files are compared column by column, `model.txt` tree by
tree, JSON value by value. Names of versions (ids and hashes of code and bundle) may differ. They
are left out by name, and everything else must be equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import typer
from rich.table import Table

from creditloom.pipeline.base.console import Console

# The folders and single files that are compared, if they exist.
PARTS = ("raw", "truth", "features", "selection", "model", "decisions", "bundle")
SINGLE = ("reports/metrics.json", "decisions.parquet", "metrics.json")
# Names of columns and keys that are not compared: hashes of bundle, model or code, ids made from
# them, and the day and the seconds of a run.
VERSIONS = {
    "decision_id",
    "model_version",
    "policy_version",
    "sha256",
    "files",
    "code",
    "runtime",
    "manifest",
    "format",
    "created",
    "seconds",
}
TREE = "\nTree="  # begins each tree of model.txt
SHOWN_CHARACTERS = 40  # of a value that differs

OldArgument = Annotated[Path, typer.Argument(help="the outputs of before, as data/ of a checkout")]
NewArgument = Annotated[Path, typer.Argument(help="the outputs of after")]
ButOption = Annotated[
    list[str] | None, typer.Option("--but", help="a key or column that was to change, as source")
]


@dataclass(frozen=True)
class Difference:
    """`what` differs in `where` (a file, a column of it, or a path into a document)."""

    where: str
    what: str

    @property
    def name(self) -> str:
        """The key or column that differs: `source` of `catalogue.json.features[3].source`."""
        return self.where.rpartition(": ")[2].rpartition(".")[2]


class CompareError(ValueError):
    """The folders cannot be compared; the message says what was expected and the next step."""


def compare(old: OldArgument, new: NewArgument, but: ButOption = None) -> None:
    """Compare two output folders to the bit.

    Exit code 0: the same; 1: not, and every difference is listed. Differences in a key or column
    that --but names are only counted.
    """
    names = files_of(old, new)
    found = [
        difference for name in names for difference in differences(old / name, new / name, name)
    ]
    listed = [difference for difference in found if difference.name not in (but or ())]
    title = f"{len(names):,} files of {old} and {new}: {len(listed)} differences"
    title += f", {len(found) - len(listed)} in {', '.join(but)}" if but else ""
    table = Table("where", "what", title=title)
    for difference in listed:
        table.add_row(difference.where, difference.what)
    Console().print(table)
    if listed:
        raise typer.Exit(1)


def files_of(old: Path, new: Path) -> list[str]:
    """Return the relative names of all files that one or both folders hold, sorted.

    Raises CompareError if neither folder has a file that is compared.
    """
    names = set[str]()
    for root in (old, new):
        for part in PARTS:
            files = (file for file in (root / part).rglob("*") if file.is_file())
            names |= {file.relative_to(root).as_posix() for file in files}
        names |= {name for name in SINGLE if (root / name).is_file()}
    if not names:
        raise CompareError(
            f"{old}, {new}: expected one of {', '.join(PARTS)} in them, found none; "
            "name data/ or a folder of `fit`"
        )
    return sorted(names)


def differences(old: Path, new: Path, name: str) -> Iterator[Difference]:
    """Yield what differs between two files of one name."""
    if not (old.is_file() and new.is_file()):
        yield Difference(name, f"only in {'OLD' if old.is_file() else 'NEW'}")
        return
    if old.read_bytes() == new.read_bytes():
        return
    if old.suffix == ".parquet":
        yield from _of_tables(old, new, name)
    elif old.suffix in (".json", ".jsonl"):
        yield from _of_values(_document(old), _document(new), name)
    elif old.suffix == ".txt":
        yield from _of_trees(old.read_text(encoding="utf-8"), new.read_text(encoding="utf-8"), name)
    else:
        yield Difference(name, "other bytes")


def _of_tables(old: Path, new: Path, name: str) -> Iterator[Difference]:
    before = pq.ParquetFile(old)
    after = pq.ParquetFile(new)
    columns = _columns(before)
    if columns != _columns(after):
        yield Difference(name, "other columns or types")
        return
    for column, _ in columns:
        if column in VERSIONS:
            continue
        # Read column by column: two whole tables would need too much memory.
        one = before.read(columns=[column]).column(column)
        other = after.read(columns=[column]).column(column)
        if len(one) != len(other):
            yield Difference(name, f"{len(one):,} rows, now {len(other):,}")
            return
        if not same_column(one, other):
            yield Difference(f"{name}: {column}", "other values")


def _columns(file: pq.ParquetFile) -> list[tuple[str, pa.DataType]]:
    return [(field.name, field.type) for field in file.schema_arrow]


def same_column(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    """Return whether two columns are equal to the bit, nulls included.

    Floats are compared by their bits: NaN equals NaN, and -0 is not 0.

    >>> import pyarrow as pa
    >>> same_column(pa.chunked_array([[float("nan")]]), pa.chunked_array([[float("nan")]]))
    True
    >>> same_column(pa.chunked_array([[0.0]]), pa.chunked_array([[-0.0]]))
    False
    """
    if not pa.types.is_floating(one.type):
        return bool(one.equals(other))
    if not pc.is_null(one).equals(pc.is_null(other)):
        return False
    return np.array_equal(_bits(one), _bits(other))


def _bits(column: pa.ChunkedArray) -> np.ndarray:
    filled = pc.fill_null(column.combine_chunks(), 0.0)
    return np.asarray(filled.to_numpy().view(f"u{column.type.bit_width // 8}"))


def _document(file: Path) -> Any:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines() if line]
    return json.loads(text)


def _of_values(old: Any, new: Any, where: str) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new} - VERSIONS, key=str):
            if (key in old) != (key in new):
                yield Difference(f"{where}.{key}", f"only in {'OLD' if key in old else 'NEW'}")
            else:
                yield from _of_values(old[key], new[key], f"{where}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _of_values(one, other, f"{where}[{place}]")
    elif json.dumps(old) != json.dumps(new):
        # Compare as text, so that 1 differs from 1.0, and NaN equals NaN.
        values = (str(value)[:SHOWN_CHARACTERS] for value in (old, new))
        yield Difference(where, ", now ".join(values))


def _of_trees(old: str, new: str, name: str) -> Iterator[Difference]:
    """Compare tree by tree; header, importances and parameters are one piece each."""
    pieces = zip(old.split(TREE), new.split(TREE), strict=False)
    for place, (one, other) in enumerate(pieces):
        if one != other:
            piece = f"tree {place - 1}" if place else "header"
            yield Difference(f"{name}: {piece}", "other text")
    if old.count(TREE) != new.count(TREE):
        yield Difference(name, "another number of trees")


if __name__ == "__main__":
    typer.run(compare)
