"""`python -m creditloom.pipeline.proof.compare OLD NEW`: do two output folders hold the same, to the bit?

For a change that must not change results: OLD and NEW are `data/` of two checkouts, or two folders of `creditloom fit`. Parquet files are
compared column by column, `model.txt` tree by tree, JSON value by value. What names a version (ids and hashes of code and bundle) may
differ and is left out by name; everything else must be equal.
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
from rich.console import Console
from rich.table import Table

PARTS = (
    "raw",
    "truth",
    "features",
    "selection",
    "model",
    "decisions",
    "bundle",
)  # folders, where there
SINGLE = ("reports/metrics.json", "decisions.parquet", "metrics.json")  # files, where there
VERSIONS = {
    # ids that are hashes of bundle, model or code; and the day of a run
    "decision_id", "model_version", "policy_version", "sha256", "files", "code", "runtime", "manifest", "format", "created", "seconds",
}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """`what` differs in `where` (a file, a column of it, or a path into a document)."""

    where: str
    what: str


class CompareError(ValueError):
    """The folders cannot be compared; the message says what was expected and what to do."""


def compare(
    old: Annotated[Path, typer.Argument(help="the outputs of before, as data/ of a checkout")],
    new: Annotated[Path, typer.Argument(help="the outputs of after")],
) -> None:
    """Compare two output folders to the bit. Exit code 0: the same; 1: not, and every difference is listed."""
    compared, found = 0, list[Difference]()
    for name in files_of(old, new):
        compared += 1
        found += differences(old / name, new / name, name)
    table = Table(
        "where", "what", title=f"{compared:,} files of {old} and {new}: {len(found)} differences"
    )
    for difference in found:
        table.add_row(difference.where, difference.what)
    Console().print(table)
    if found:
        raise typer.Exit(1)


def files_of(old: Path, new: Path) -> list[str]:
    """Relative names of what either folder holds. Raises CompareError where neither holds anything that is compared."""
    names = {
        file.relative_to(root).as_posix()
        for root in (old, new)
        for part in PARTS
        for file in (root / part).rglob("*")
        if file.is_file()
    }
    names |= {name for root in (old, new) for name in SINGLE if (root / name).is_file()}
    if not names:
        raise CompareError(
            f"{old}, {new}: expected one of {', '.join(PARTS)} in them, found none; name data/ or a folder of `fit`"
        )
    return sorted(names)


def differences(old: Path, new: Path, name: str) -> Iterator[Difference]:
    """What differs between two files of one name."""
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
    before, after = pq.ParquetFile(old), pq.ParquetFile(new)
    columns = [
        [file.schema_arrow.field(k) for k in range(len(file.schema_arrow))]
        for file in (before, after)
    ]
    if [(field.name, field.type) for field in columns[0]] != [
        (field.name, field.type) for field in columns[1]
    ]:
        yield Difference(name, "other columns or types")
        return
    for field in columns[0]:
        if field.name in VERSIONS:
            continue
        one, other = (
            file.read(columns=[field.name]).column(field.name) for file in (before, after)
        )
        if len(one) != len(other):
            yield Difference(name, f"{len(one):,} rows, now {len(other):,}")
            return
        if not same_column(one, other):
            yield Difference(f"{name}: {field.name}", "other values")


def same_column(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    """Equal to the bit: nulls where nulls were, floats compared as the whole numbers that their bits are (NaN equals NaN, -0 is not 0)."""
    if not pa.types.is_floating(one.type):
        return bool(one.equals(other))
    bits = np.dtype(f"u{one.type.bit_width // 8}")
    return pc.is_null(one).equals(pc.is_null(other)) and all(
        np.array_equal(
            pc.fill_null(a, 0.0).to_numpy().view(bits), pc.fill_null(b, 0.0).to_numpy().view(bits)
        )
        for a, b in ((one.combine_chunks(), other.combine_chunks()),)
    )


def _document(file: Path) -> Any:
    text = file.read_text(encoding="utf-8")
    return (
        [json.loads(line) for line in text.splitlines() if line]
        if file.suffix == ".jsonl"
        else json.loads(text)
    )


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
        yield Difference(where, f"{str(old)[:40]}, now {str(new)[:40]}")


def _of_trees(old: str, new: str, name: str) -> Iterator[Difference]:
    """Trees by number; what comes before and after them (header, importances, parameters) as one piece each."""
    for place, (one, other) in enumerate(
        zip(old.split("\nTree="), new.split("\nTree="), strict=False)
    ):
        if one != other:
            yield Difference(
                f"{name}: tree {place - 1}" if place else f"{name}: header", "other text"
            )
    if old.count("\nTree=") != new.count("\nTree="):
        yield Difference(name, "another number of trees")


if __name__ == "__main__":
    typer.run(compare)
