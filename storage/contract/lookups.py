"""Rules that need other rows: who applies, who agreed, and which key stands once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.features.contract.tables import APPLICATIONS, Table
from creditloom.storage.contract.row_rules import (
    RowRule,
    consent_rules,
    consents,
    copy_rules,
    unknown_rule,
)

# Whole-number ids of a long stream: which come twice, and which lie in a given set. Numpy does both in a fraction of a scan's time.

Ids = NDArray[np.int64]

BITS = 20  # a block of flags covers 2^20 neighbouring numbers, 1 MB
MOST = 512  # blocks held at once: half a GB
LOW = (1 << BITS) - 1


class Repeats:
    """Finds ids that come more than once, with one byte per possible id where ids lie close together (made part by part, they do)."""

    def __init__(self) -> None:
        self._blocks: dict[int, NDArray[np.bool_]] = {}
        self._found: list[Ids] = []

    def add(self, ids: Ids) -> None:
        """Look at one more stretch of ids."""
        for key, inside in _by_block(ids):
            if len(self._blocks) <= MOST:
                self._mark(self._blocks.setdefault(key, np.zeros(1 << BITS, dtype=bool)), inside)

    def _mark(self, block: NDArray[np.bool_], ids: Ids) -> None:
        place = ids & LOW
        seen, before = block[place], np.count_nonzero(block)
        block[place] = True
        if seen.any():
            self._found.append(ids[seen])
        if np.count_nonzero(block) - before < len(ids) - np.count_nonzero(seen):
            values, counts = np.unique(ids[~seen], return_counts=True)
            self._found.append(values[counts > 1])

    @property
    def found(self) -> Ids | None:
        """The repeated ids, sorted, or None where ids lie too far apart for the flags."""
        if len(self._blocks) > MOST:
            return None
        return np.unique(np.concatenate(self._found)) if self._found else np.zeros(0, np.int64)


class Strangers:
    """Finds ids that are not among the `known`."""

    def __init__(self, known: Ids) -> None:
        self._known = np.append(
            np.unique(known), np.iinfo(np.int64).max
        )  # a last one, so that every place exists
        self._found: list[Ids] = []

    def add(self, ids: Ids) -> None:
        """Look at one more stretch of ids. Equal neighbours are looked up once: rows of one person often lie together."""
        if not len(ids):
            return
        once = ids[np.concatenate([[True], ids[1:] != ids[:-1]])]
        self._found.append(np.unique(once[self._known[np.searchsorted(self._known, once)] != once]))

    @property
    def found(self) -> Ids:
        """The ids found, sorted."""
        return np.unique(np.concatenate([np.zeros(0, np.int64), *self._found]))


def _by_block(ids: Ids) -> Iterable[tuple[int, Ids]]:
    high = ids >> BITS
    if not len(high) or high.min() == high.max():
        return [(int(high[0]), ids)] if len(high) else []
    return [(int(key), ids[high == key]) for key in np.unique(high)]


BATCH = 1 << 20  # ids looked at in one go
REFERENCES = ("applicant_id", "application_id")  # what must occur in applications


class Lookups:
    """What the applications say about ids. Ids of bad applications count too: their events are not bad themselves."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """`connection` has the view `applications`."""
        self._connection = connection
        self._known = {
            name: self._ids(f"SELECT DISTINCT {name} FROM applications") for name in REFERENCES
        }  # noqa: S608

    def rules(self, table: Table) -> tuple[RowRule, ...]:
        """The rules on ids that some row of `table` breaks, and the rules of consent. Costs one look at the ids."""
        repeats = Repeats()
        strangers = {
            n: Strangers(self._known[n])
            for n in REFERENCES
            if table is not APPLICATIONS and n in table.arrow_schema.names
        }
        self._look(table, [(table.key[0], repeats), *strangers.items()])
        found = list(
            consent_rules(table, {consent: self._refused(consent) for consent in consents(table)})
        )
        for name, one in strangers.items():
            if len(one.found):
                found.append(
                    unknown_rule(name, self._keep(f"unknown_{table.name}_{name}", name, one.found))
                )
        twice = self._twice(table) if repeats.found is None else repeats.found
        return (*found, *(copy_rules(table, self._copies(table, twice)) if len(twice) else ()))

    def _look(self, table: Table, lookers: Sequence[tuple[str, Repeats | Strangers]]) -> None:
        """Show each looker every id of its column; nulls break another rule and are left out."""
        columns = ", ".join(f"TRY_CAST({name} AS BIGINT) AS {name}" for name in dict(lookers))
        for batch in self._connection.sql(f"SELECT {columns} FROM {table.name}").to_arrow_reader(
            BATCH
        ):  # noqa: S608
            for name, looker in lookers:
                looker.add(batch.column(name).drop_null().to_numpy(zero_copy_only=False))

    def _twice(self, table: Table) -> Ids:
        """Repeated keys where they lie too far apart for flags."""
        (key,) = table.key
        return self._ids(f"SELECT {key} FROM {table.name} GROUP BY {key} HAVING count(*) > 1")  # noqa: S608

    def _copies(self, table: Table, keys: Ids) -> str:
        """A table of the rows that are one too many: all of a key whose rows differ, all but the first where they are equal."""
        (key,), name = table.key, f"copies_{table.name}"
        twice = self._keep(f"twice_{table.name}", key, keys)
        columns = ", ".join(column.name for column in table.columns)
        self._connection.execute(f"""
            CREATE TEMP TABLE {name} AS
            SELECT _file AS file, _row AS row, min(value) OVER same = max(value) OVER same AS is_equal
            FROM (SELECT {key}, _file, _row, hash({columns}) AS value FROM {table.name} WHERE {key} IN (SELECT {key} FROM {twice}))
            WINDOW same AS (PARTITION BY {key})
            QUALIFY NOT is_equal OR row_number() OVER (PARTITION BY {key} ORDER BY _file, _row) > 1
        """)  # noqa: S608
        return name

    def _refused(self, consent: str) -> str:
        name = f"refused_{consent}"
        self._connection.execute(f"""
            CREATE TEMP TABLE IF NOT EXISTS {name} AS
            SELECT applicant_id FROM applications GROUP BY applicant_id HAVING NOT bool_or(coalesce({consent}, false))
        """)  # noqa: S608
        return name

    def _ids(self, query: str) -> Ids:
        return np.asarray(
            self._connection.sql(query)
            .to_arrow_table()
            .column(0)
            .drop_null()
            .cast(pa.int64())
            .to_numpy()
        )

    def _keep(self, name: str, column: str, ids: Ids) -> str:
        """Ids as a table of one column that SQL can name."""
        self._connection.register(name, pa.table({column: ids}))
        return name
