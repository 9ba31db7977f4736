"""`python -m creditloom.pipeline.proof.compare OLD NEW`: compares two output folders to the bit.

It checks a change of code that must not change results. OLD and NEW are `data/` of two checkouts,
or two folders of `creditloom fit`. Parquet files are compared column by column, `model.txt` tree by
tree, JSON value by value. Names of versions (ids and hashes of code and bundle) may differ. They
are left out by name, and everything else must be equal.

A library may do a sum in another order. For such a change `--pd 1e-12 --relative 1e-9` lets floats
differ by so much. Whole numbers, text, times and nulls must be equal all the same.
"""

from __future__ import annotations

import json
import re
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
# Columns and keys that hold the PD of a decision. It is rounded to 1e-12.
PD_NAMES = {"pd"}
# One row in so many may differ by more than the tolerance of the PD: a value on the edge between
# two roundings.
ROWS_PER_EXCEPTION = 100_000
# Floats below this count as 0. A sum whose terms cancel has no digits of its own.
NO_DIGITS = 1e-12
# A float in the text of a tree: with a point or an exponent. Whole numbers must be equal.
FLOAT_WORD = re.compile(r"-?\d+\.\d+(e[-+]?\d+)?|-?\d+e[-+]?\d+")

OldArgument = Annotated[Path, typer.Argument(help="the outputs of before, as data/ of a checkout")]
NewArgument = Annotated[Path, typer.Argument(help="the outputs of after")]
ButOption = Annotated[
    list[str] | None, typer.Option("--but", help="a key or column that was to change, as source")
]
PdOption = Annotated[
    float, typer.Option("--pd", help="largest difference of a PD, but for 1 row in 100,000", min=0)
]
RelativeOption = Annotated[
    float, typer.Option("--relative", help="largest relative difference of any other float", min=0)
]


@dataclass(frozen=True)
class Tolerance:
    """By how much floats may differ: `pd` is absolute, `relative` is a share of the larger one."""

    pd: float = 0.0
    relative: float = 0.0

    @property
    def is_exact(self) -> bool:
        """Whether nothing may differ."""
        return self.pd == 0.0 and self.relative == 0.0

    def holds(self, one: np.ndarray, other: np.ndarray, name: str) -> np.ndarray:
        """Return whether each pair of floats is near enough; NaN is near NaN alone."""
        larger = np.maximum(np.abs(one), np.abs(other))
        allowed = self.pd if name in PD_NAMES else self.relative * larger
        # Infinities have no distance: equal ones are near.
        with np.errstate(invalid="ignore"):
            is_near = (np.abs(one - other) <= allowed) | (one == other)
        is_zero = (larger < NO_DIGITS) & (name not in PD_NAMES)
        return np.asarray(is_near | is_zero | (np.isnan(one) & np.isnan(other)))


EXACT = Tolerance()


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


def compare(
    old: OldArgument,
    new: NewArgument,
    but: ButOption = None,
    pd: PdOption = 0.0,
    relative: RelativeOption = 0.0,
) -> None:
    """Compare two output folders, to the bit or within a tolerance of floats.

    Exit code 0: the same; 1: not, and every difference is listed. Differences in a key or column
    that --but names are only counted.
    """
    names = files_of(old, new)
    near = Tolerance(pd, relative)
    found = [
        difference
        for name in names
        for difference in differences(old / name, new / name, name, near)
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


def differences(old: Path, new: Path, name: str, near: Tolerance = EXACT) -> Iterator[Difference]:
    """Yield what differs between two files of one name."""
    if not (old.is_file() and new.is_file()):
        yield Difference(name, f"only in {'OLD' if old.is_file() else 'NEW'}")
        return
    if old.read_bytes() == new.read_bytes():
        return
    if old.suffix == ".parquet":
        yield from _of_tables(old, new, name, near)
    elif old.suffix in (".json", ".jsonl"):
        yield from _of_values(_document(old), _document(new), name, near)
    elif old.suffix == ".txt":
        before, after = (file.read_text(encoding="utf-8") for file in (old, new))
        yield from _of_trees(before, after, name, near)
    else:
        yield Difference(name, "other bytes")


def _of_tables(old: Path, new: Path, name: str, near: Tolerance) -> Iterator[Difference]:
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
        if same_column(one, other):
            continue
        is_near = not near.is_exact and near_column(one, other, column, near)
        if not is_near:
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


def near_column(one: pa.ChunkedArray, other: pa.ChunkedArray, name: str, near: Tolerance) -> bool:
    """Return whether two columns of one length are equal but for floats that are near enough.

    Lists and records are compared value by value. Of PDs one row in 100,000 may differ by more.
    """
    if pa.types.is_nested(one.type):
        return not any(_of_values(one.to_pylist(), other.to_pylist(), name, near))
    if not pa.types.is_floating(one.type) or not pc.is_null(one).equals(pc.is_null(other)):
        return False
    floats = [pc.fill_null(column, 0.0).to_numpy().astype(float) for column in (one, other)]
    n_far = int((~near.holds(floats[0], floats[1], name)).sum())
    return n_far <= (len(one) // ROWS_PER_EXCEPTION if name in PD_NAMES else 0)


def _bits(column: pa.ChunkedArray) -> np.ndarray:
    filled = pc.fill_null(column.combine_chunks(), 0.0)
    return np.asarray(filled.to_numpy().view(f"u{column.type.bit_width // 8}"))


def _document(file: Path) -> Any:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines() if line]
    return json.loads(text)


def _of_values(old: Any, new: Any, where: str, near: Tolerance) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new} - VERSIONS, key=str):
            if (key in old) != (key in new):
                yield Difference(f"{where}.{key}", f"only in {'OLD' if key in old else 'NEW'}")
            else:
                yield from _of_values(old[key], new[key], f"{where}.{key}", near)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _of_values(one, other, f"{where}[{place}]", near)
    elif _is_near(old, new, where.rpartition(".")[2], near):
        return
    elif json.dumps(old, default=str) != json.dumps(new, default=str):
        # Compare as text, so that 1 differs from 1.0, and NaN equals NaN.
        values = (str(value)[:SHOWN_CHARACTERS] for value in (old, new))
        yield Difference(where, ", now ".join(values))


def _is_near(old: Any, new: Any, name: str, near: Tolerance) -> bool:
    """Return whether both are floats, and near enough."""
    if not (isinstance(old, float) and isinstance(new, float)):
        return False
    return not near.is_exact and bool(near.holds(np.array([old]), np.array([new]), name)[0])


def _of_trees(old: str, new: str, name: str, near: Tolerance) -> Iterator[Difference]:
    """Compare tree by tree; header, importances and parameters are one piece each."""
    pieces = zip(old.split(TREE), new.split(TREE), strict=False)
    for place, (one, other) in enumerate(pieces):
        if one != other and not _is_near_text(one, other, near):
            piece = f"tree {place - 1}" if place else "header"
            yield Difference(f"{name}: {piece}", "other text")
    if old.count(TREE) != new.count(TREE):
        yield Difference(name, "another number of trees")


def _is_near_text(old: str, new: str, near: Tolerance) -> bool:
    """Return whether two pieces of a model's text differ only in floats that are near enough."""
    if near.is_exact:
        return False
    # The header says how many bytes each tree has: that follows from the digits of its floats.
    words = [re.sub(r"tree_sizes=.*", "", text).replace("=", " ").split() for text in (old, new)]
    if len(words[0]) != len(words[1]):
        return False
    differing = [pair for pair in zip(*words, strict=True) if pair[0] != pair[1]]
    if not all(FLOAT_WORD.fullmatch(word) for pair in differing for word in pair):
        return False
    floats = np.array(differing, dtype=float).reshape(-1, 2)
    return bool(near.holds(floats[:, 0], floats[:, 1], "").all())


if __name__ == "__main__":
    typer.run(compare)
