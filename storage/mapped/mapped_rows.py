"""Map blocks of rows, count them, and hold those that are set aside."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from creditloom.storage.contract.stored_types import Mask, shown
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import Writer
from creditloom.storage.mapped.column_values import ColumnReader, constant
from creditloom.storage.mapped.mapping import MappedColumn

# table: columns of the rows set aside
ASIDE_SCHEMA = pa.schema(
    {
        "table": pa.string(),
        "file": pa.string(),
        "row": pa.int64(),
        "rule": pa.string(),
        "reason": pa.string(),
        "stored": pa.string(),
    }
)


@dataclass(frozen=True)
class _Broken:
    """A column of a block with values that do not fit."""

    reader: ColumnReader
    stored: pa.ChunkedArray
    unfit: Mask

    def shown(self, place: int) -> str:
        """Return the stored value of a row, with the name of the user's column."""
        return f"{self.reader.spec.column} = {shown(self.stored, place)}"


class MappedRows:
    """Counts the rows of a table, and holds those that are set aside."""

    def __init__(self, table: str) -> None:
        self.table = table
        self.rows = 0
        self.bad = 0
        self.rules: Counter[str] = Counter()
        self.examples: dict[str, str] = {}
        self._aside: list[dict[str, str | int]] = []

    def add(self, part: str, first: int, rows: pa.Table, readers: list[ColumnReader]) -> pa.Table:
        """Map a block of rows; return the good ones."""
        columns: dict[str, pa.Array] = {}
        is_bad = np.zeros(len(rows), bool)
        broken: list[_Broken] = []
        for reader in readers:
            stored = self._stored(reader.spec, rows)
            columns[reader.column.name], unfit = reader.read(stored)
            if unfit.any():
                broken.append(_Broken(reader, stored, unfit))
                is_bad |= unfit
        self.rows += len(rows)
        self.bad += int(is_bad.sum())
        for place in np.flatnonzero(is_bad):
            self._set_aside(part, first + int(place), int(place), broken)
        good = pa.table(columns)
        return good.filter(pa.array(~is_bad)) if is_bad.any() else good

    def write(self, path: Path) -> None:
        """Write the rows that were set aside; no file where there is none."""
        if self._aside:
            with Writer(path, ASIDE_SCHEMA) as writer:
                writer.write(pa.Table.from_pylist(self._aside, ASIDE_SCHEMA))

    def _stored(self, spec: MappedColumn, rows: pa.Table) -> pa.ChunkedArray:
        if spec.column:
            return rows[spec.column]
        if spec.row_number:
            return pa.chunked_array([pa.array(np.arange(self.rows, self.rows + len(rows)))])
        return constant(spec.constant, len(rows))

    def _set_aside(self, part: str, row: int, place: int, broken: list[_Broken]) -> None:
        said = [one for one in broken if one.unfit[place]]
        for one in said:
            self.rules[one.reader.rule] += 1
            self.examples.setdefault(one.reader.rule, one.shown(place))
        joined = {
            "rule": "; ".join(one.reader.rule for one in said),
            "reason": "; ".join(one.reader.reason for one in said),
            "stored": "; ".join(one.shown(place) for one in said),
        }
        self._aside.append({"table": self.table, "file": part, "row": row, **joined})


def too_many(tally: MappedRows, allowed: float) -> DataError:
    """Return the error for a table of which more than the `allowed` share is set aside."""
    most_first = tally.rules.most_common()
    by_rule = "; ".join(f"{rule} {n:,} (as {tally.examples[rule]})" for rule, n in most_first)
    share = f"{tally.bad:,} of {tally.rows:,} ({tally.bad / tally.rows:.1%})"
    is_id = any(rule.endswith("_id.type") for rule in tally.rules)
    text_ids = "number ids that are text (`ids: customer`); " if is_id else ""
    return DataError.of(
        f"Too many rows of table `{tally.table}` cannot be read as the mapping says",
        where=f"tables.{tally.table}",
        expected=f"at most {allowed:.1%} of rows",
        got=f"{share}: {by_rule}",
        next_step=f"{text_ids}correct the mapping: codes, unit, format or zone of these columns; "
        "or raise --max-bad-share if the rows may be left out (docs/own_tables.md)",
    )
