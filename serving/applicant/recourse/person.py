"""The raw rows of one person: what recourse changes and computes features of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from creditloom.decision.frames.input_block import InputBlock
from creditloom.features.contract.tables import APPLICATIONS, TABLES
from creditloom.features.engine.copies import CopiesEngine
from creditloom.features.engine.raw_reader import RawFiles, require
from creditloom.features.engine.row_groups import RowGroups
from creditloom.serving.applicant.recourse.actionable import KEYS, Actionable
from creditloom.storage.files.errors import DataError

CONSENTS = tuple(c.name for c in APPLICATIONS.columns if c.name.startswith("consent_"))


@dataclass(frozen=True)
class Person:
    """One application with its own raw rows, by table; tables that recourse does not touch are out.

    `block` is the row that was decided. `stated` is the application as the raw table has it, by
    column.
    """

    application_id: int
    block: InputBlock
    stated: Mapping[str, Any]
    rows: Mapping[str, pa.Table]

    @property
    def as_of(self) -> int:
        """The moment of the decision, microseconds since 1970 (UTC)."""
        return int(self.block.times["as_of"].astype("datetime64[us]").astype(np.int64)[0])

    def decided(self, name: str) -> float | None:
        """Return a number that was decided on, NaN = null; None where the decision reads none."""
        place = self.block.layout.place.get(name)
        return None if place is None else float(self.block.matrix[place, 0])

    def spine(self, copies: int) -> pa.Table:
        """Return the application once for each copy, applicant_id counted from 0."""
        as_of = np.full(copies, self.as_of).view("datetime64[us]")
        columns = {"applicant_id": np.arange(copies, dtype=np.int64), "as_of": as_of}
        for name in CONSENTS:
            # As the decision read it: a row without the column gave no consent.
            columns[name] = np.full(copies, self.decided(name) == 1.0)
        return pa.table(columns)


class RawPeople:
    """Reads people out of a folder of raw tables; footers are read once."""

    def __init__(self, sources: RawFiles, engine: CopiesEngine, actionable: Actionable) -> None:
        self.sources = sources
        self.groups: dict[str, RowGroups] = {}
        for name in engine.streams:
            asked = {column.name for column in engine.columns_read(name)}
            for quantity in actionable.of_table(name):
                asked |= {quantity.column, quantity.of, *quantity.where, *quantity.values}
                asked |= set(quantity.own_typical)
            columns = [c for c in TABLES[name].columns if c.name in asked | set(KEYS)]
            self.groups[name] = RowGroups(require(sources, name), columns)

    def stated(self, applications: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Return the applications by id, as the raw table states them.

        Raises DataError for one that is not there.
        """
        table = ds.dataset(require(self.sources, APPLICATIONS.name), format="parquet")
        wanted = pc.field("application_id").isin(list(applications))
        found = {one["application_id"]: one for one in table.to_table(filter=wanted).to_pylist()}
        missing = [one for one in applications if one not in found]
        if missing:
            raise DataError.of(
                "An application is not among the raw tables",
                where="applications",
                expected=f"application_id {missing[0]}",
                got="no such row",
                next_step="name the raw tables that the decision was made of",
            )
        return found

    def person(self, block: InputBlock, stated: Mapping[str, Any]) -> Person:
        """Return a person with the raw rows that recourse needs. block: the row decided on."""
        applicant = stated["applicant_id"]
        rows = {}
        for name, groups in self.groups.items():
            own = [
                group.filter(pc.equal(group.column("applicant_id"), applicant))
                for group in groups.read(applicant, applicant)
            ]
            empty = pa.schema([(c.name, c.type) for c in groups.columns]).empty_table()
            rows[name] = pa.concat_tables(map(_plain, own)) if own else empty
        return Person(stated["application_id"], block, stated, rows)


def _plain(rows: pa.Table) -> pa.Table:
    """Return the rows with texts as they are: dictionaries of two groups may differ."""
    texts = [k for k, one in enumerate(rows.schema) if pa.types.is_dictionary(one.type)]
    for k in texts:
        rows = rows.set_column(k, rows.schema.field(k).name, rows.column(k).cast(pa.string()))
    return rows
