"""Make the rules that need other rows: who applies, who agreed, and which key stands once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.features.contract.tables import APPLICATIONS, Table
from creditloom.storage.contract.row_rules import (
    Period,
    RowRule,
    consent_rules,
    consents,
    copy_rules,
    rules,
    unfit_rules,
    unknown_rule,
)
from creditloom.storage.contract.staged import StagedTable

# Whole-number ids of a long stream: which come twice, and which are not in a given set. Numpy does
# both in a fraction of the time that a scan by SQL takes.

Ids = NDArray[np.int64]

# A block of flags covers 2^20 neighbouring numbers, in 1 MB.
BITS = 20
# Blocks held at once: half a GB. Ids that need more lie too far apart for flags.
MAX_BLOCKS = 512
# The bits of an id that are its place in a block.
PLACE_MASK = (1 << BITS) - 1


class Repeats:
    """Finds ids that come more than once, with one byte per possible id.

    That needs ids that lie close together; ids that were numbered one after the other do.
    """

    def __init__(self) -> None:
        self._blocks: dict[int, NDArray[np.bool_]] = {}
        self._repeated: list[Ids] = []

    def add(self, ids: Ids) -> None:
        """Look at one more stretch of ids."""
        for key, inside in _by_block(ids):
            # One block more than allowed is made: it says that the flags do not suffice.
            if len(self._blocks) <= MAX_BLOCKS:
                self._mark(self._blocks.setdefault(key, np.zeros(1 << BITS, dtype=bool)), inside)

    def _mark(self, block: NDArray[np.bool_], ids: Ids) -> None:
        place = ids & PLACE_MASK
        is_marked = block[place]
        marked_before = np.count_nonzero(block)
        block[place] = True
        if is_marked.any():
            self._repeated.append(ids[is_marked])
        # Fewer new flags than new ids: some come twice within this very stretch.
        new_flags = np.count_nonzero(block) - marked_before
        if new_flags < len(ids) - np.count_nonzero(is_marked):
            values, counts = np.unique(ids[~is_marked], return_counts=True)
            self._repeated.append(values[counts > 1])

    @property
    def found(self) -> Ids | None:
        """The repeated ids, sorted, or None where ids lie too far apart for the flags."""
        if len(self._blocks) > MAX_BLOCKS:
            return None
        return np.unique(np.concatenate(self._repeated)) if self._repeated else _no_ids()


class Strangers:
    """Finds ids that are not among the `known`."""

    def __init__(self, known: Ids) -> None:
        self._known = np.unique(known)
        self._unknown: list[Ids] = []

    def add(self, ids: Ids) -> None:
        """Look at one more stretch of ids."""
        if not len(ids):
            return
        # Equal neighbours are looked up once: rows of one person often lie together.
        is_first = np.concatenate([[True], ids[1:] != ids[:-1]])
        once = ids[is_first]
        # The place of an id above all known ones is their number: no known one lies there.
        at = np.searchsorted(self._known, once)
        is_known = at < len(self._known)
        is_known[is_known] = self._known[at[is_known]] == once[is_known]
        self._unknown.append(np.unique(once[~is_known]))

    @property
    def found(self) -> Ids:
        """The unknown ids, sorted."""
        return np.unique(np.concatenate([_no_ids(), *self._unknown]))


def _no_ids() -> Ids:
    return np.zeros(0, np.int64)


def _by_block(ids: Ids) -> Iterable[tuple[int, Ids]]:
    if not len(ids):
        return []
    block_of = ids >> BITS
    # Most stretches lie in one block: they are not copied.
    if block_of.min() == block_of.max():
        return [(int(block_of[0]), ids)]
    return [(int(key), ids[block_of == key]) for key in np.unique(block_of)]


# The rules themselves, over the tables of one check.

# Ids looked at in one go: 8 MB a column.
IDS_PER_BATCH = 1 << 20
# What must occur in applications.
REFERENCES = ("applicant_id", "application_id")
# Tables of instalment loans, which also hold earlier loans of repeat customers, and the column that
# says when a row happened.
EARLIER_LOANS = {"loans": "booked_time", "loan_performance": "event_time"}


class Lookups:
    """Knows what the applications say about ids.

    Ids of bad applications count too: their events are not bad themselves.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Read the ids; `connection` has the view `applications`."""
        self._connection = connection
        self._known = {
            name: self._ids(f"SELECT DISTINCT {name} FROM applications")  # noqa: S608
            for name in REFERENCES
        }

    def rules(self, table: Table) -> tuple[RowRule, ...]:
        """Return the rules on ids that some row of `table` breaks, and its rules of consent.

        It costs one look at the ids. A rule that no row breaks is left out: as SQL it would cost a
        join.
        """
        repeats = Repeats()
        strangers = self._strangers(table)
        # The key of a raw table is one column.
        self._look(table, [(table.key[0], repeats), *strangers.items()])
        refused = {consent: self._refused(consent) for consent in consents(table)}
        found = list(consent_rules(table, refused))
        for name, looker in strangers.items():
            unknown = looker.found
            if name == "application_id" and table.name in EARLIER_LOANS:
                unknown = self._without_earlier(table, unknown)
            if len(unknown):
                known_as = self._keep(f"unknown_{table.name}_{name}", name, unknown)
                found.append(unknown_rule(name, known_as))
        repeated = repeats.found
        if repeated is None:
            repeated = self._repeated_keys(table)
        if len(repeated):
            found.extend(copy_rules(table, self._copies(table, repeated)))
        return tuple(found)

    def _without_earlier(self, table: Table, unknown: Ids) -> Ids:
        """Return the unknown ids without those of earlier loans.

        All rows of an earlier loan lie before the last application of a borrower who is known: it
        was booked on an application that is older than the table of applications.
        """
        if not len(unknown):
            return unknown
        time = EARLIER_LOANS[table.name]
        known_as = self._keep(f"unplaced_{table.name}", "application_id", unknown)
        return self._ids(f"""
            SELECT DISTINCT row.application_id FROM (
                SELECT TRY_CAST(application_id AS BIGINT) AS application_id,
                    TRY_CAST(applicant_id AS BIGINT) AS applicant_id,
                    TRY_CAST({time} AS TIMESTAMP) AS moment
                FROM {table.name}
            ) AS row
            LEFT JOIN (
                SELECT TRY_CAST(applicant_id AS BIGINT) AS applicant_id,
                    max(TRY_CAST(as_of AS TIMESTAMP)) AS applied
                FROM applications GROUP BY 1
            ) AS borrower USING (applicant_id)
            WHERE row.application_id IN (SELECT application_id FROM {known_as})
                AND coalesce(row.moment >= borrower.applied, true)
            ORDER BY 1
        """)  # noqa: S608

    def _strangers(self, table: Table) -> dict[str, Strangers]:
        """Return a search for unknown ids per reference of the table; applications have none."""
        if table.name == APPLICATIONS.name:
            return {}
        names = table.arrow_schema.names
        return {name: Strangers(self._known[name]) for name in REFERENCES if name in names}

    def _look(self, table: Table, lookers: Sequence[tuple[str, Repeats | Strangers]]) -> None:
        """Show each looker every id of its column; nulls break another rule and are left out."""
        # An id that is no whole number becomes null here, and breaks the rule on types.
        columns = ", ".join(f"TRY_CAST({name} AS BIGINT) AS {name}" for name in dict(lookers))
        query = f"SELECT {columns} FROM {table.name}"  # noqa: S608
        for batch in self._connection.sql(query).to_arrow_reader(IDS_PER_BATCH):
            for name, looker in lookers:
                looker.add(batch.column(name).drop_null().to_numpy(zero_copy_only=False))

    def _repeated_keys(self, table: Table) -> Ids:
        """Return the repeated keys where they lie too far apart for flags."""
        (key,) = table.key
        query = f"SELECT {key} FROM {table.name} GROUP BY {key} HAVING count(*) > 1"  # noqa: S608
        return self._ids(query)

    def _copies(self, table: Table, keys: Ids) -> str:
        """Make a table of the rows that are one too many; return its name.

        Of a key whose rows differ these are all rows, of equal rows all but the first.
        """
        (key,) = table.key
        name = f"copies_{table.name}"
        repeated = self._keep(f"twice_{table.name}", key, keys)
        columns = ", ".join(column.name for column in table.columns)
        # Equal rows have equal hashes of all columns. The first is that of the first file and row.
        self._connection.execute(f"""
            CREATE TEMP TABLE {name} AS
            SELECT _file AS file, _row AS row,
                min(value) OVER same = max(value) OVER same AS is_equal
            FROM (
                SELECT {key}, _file, _row, hash({columns}) AS value FROM {table.name}
                WHERE {key} IN (SELECT {key} FROM {repeated})
            )
            WINDOW same AS (PARTITION BY {key})
            QUALIFY NOT is_equal
                OR row_number() OVER (PARTITION BY {key} ORDER BY _file, _row) > 1
        """)  # noqa: S608
        return name

    def _refused(self, consent: str) -> str:
        """Make a table of the applicants who never gave a consent; return its name."""
        name = f"refused_{consent}"
        # A consent of one application holds for the person; null is not given.
        self._connection.execute(f"""
            CREATE TEMP TABLE IF NOT EXISTS {name} AS
            SELECT applicant_id FROM applications
            GROUP BY applicant_id HAVING NOT bool_or(coalesce({consent}, false))
        """)  # noqa: S608
        return name

    def _ids(self, query: str) -> Ids:
        column = self._connection.sql(query).to_arrow_table().column(0)
        return np.asarray(column.drop_null().cast(pa.int64()).to_numpy())

    def _keep(self, name: str, column: str, ids: Ids) -> str:
        """Register ids as a table of one column that SQL can name; return its name."""
        self._connection.register(name, pa.table({column: ids}))
        return name


def table_rules(staged: StagedTable, period: Period, lookups: Lookups) -> tuple[RowRule, ...]:
    """Return all rules of a table; values of the declared types need no rule of their own."""
    table = staged.table
    unfit = set(staged.unfit["name"].unique().to_pylist())
    names = [column.name for column in table.columns if column.name in unfit]
    own = unfit_rules(rules(table, period), names, f"unfit_{table.name}")
    return (*own, *lookups.rules(table))
