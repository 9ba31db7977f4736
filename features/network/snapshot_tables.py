"""The contract of a snapshot of the network: its tables, and what each row of them says.

A snapshot holds what other people's rows say as of a month. Values that stand at the first of the
month are in it by person. For values that stand at the decision it holds the rows of others: an
index from a person to the rows that name the person, as far back as a decision of that month looks.

Whoever makes one (`snapshot_making` here, an engine of a cluster elsewhere) writes these tables.
Whoever reads one (`snapshot_reading`) needs nothing else of other people's rows but their consents.
Ids are int64, times naive UTC in microseconds. `person` is an applicant_id or a contact_id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from ..contract.tables import (
    CONTACTS,
    IDENTITY_CHECKS,
    INTERACTIONS,
    LOAN_PERFORMANCE,
    LOGINS,
    PAYMENTS,
)
from .network_features import SNAPSHOT

ID = pa.int64()
FLAG = pa.bool_()
NUMBER = pa.float64()
TIME = pa.timestamp("us")


@dataclass(frozen=True)
class SnapshotTable:
    """One table of a snapshot.

    `of` is the raw table without which there is none of it, `order` the columns it is sorted by:
    the first of them is what a reader looks up.
    """

    name: str
    of: str
    schema: pa.Schema
    order: tuple[str, ...]


# table: one row per person of the contacts: is_hidden (had refused by the first of the month), what
# was known of the person's loans, and every feature of the graph
GRAPH = SnapshotTable(
    "graph",
    CONTACTS.name,
    pa.schema(
        [
            ("person", ID),
            ("is_hidden", FLAG),
            ("has_loan", FLAG),
            ("has_late", FLAG),
            ("has_default", FLAG),
            *((spec.name, NUMBER) for spec in SNAPSHOT),
        ]
    ),
    ("person",),
)
# table: one row per person who had refused the social consent by the first of the month
REFUSED = SnapshotTable("refused", CONTACTS.name, pa.schema([("person", ID)]), ("person",))
# table: one row per person and linked person, hidden ones too: whether either lists the other
LINKS = SnapshotTable(
    "links",
    CONTACTS.name,
    pa.schema([("person", ID), ("other", ID), ("lists", FLAG), ("is_listed", FLAG)]),
    ("person", "other"),
)
# table: messages of the twelve months before, one row per person, other person and direction
MESSAGES = SnapshotTable(
    "messages",
    CONTACTS.name,
    pa.schema([("person", ID), ("other", ID), ("is_sent", FLAG), ("n_messages", NUMBER)]),
    ("person", "other", "is_sent"),
)
# table: one row per person and transfer, from either side, of a year before the month and later
TRANSFER_ROWS = SnapshotTable(
    "transfers",
    PAYMENTS.name,
    pa.schema(
        [("person", ID), ("other", ID), ("is_paid", FLAG), ("event_time", TIME),
         ("known_time", TIME)]
    ),
    ("person", "event_time", "other", "is_paid"),
)  # fmt: skip
# table: one row per payer and payee, with the moment from which a first transfer is known
PAID = SnapshotTable(
    "paid",
    PAYMENTS.name,
    pa.schema([("person", ID), ("other", ID), ("since", TIME)]),
    ("person", "other"),
)
# table: one row per corner of a circle of three transfers, with the moment from which it is known
CIRCLES = SnapshotTable(
    "circles", PAYMENTS.name, pa.schema([("person", ID), ("since", TIME)]), ("person", "since")
)
_LOGIN_SCHEMA = pa.schema(
    [("identifier", ID), ("applicant_id", ID), ("event_time", TIME), ("known_time", TIME)]
)
_LOGIN_ORDER = ("identifier", "applicant_id", "event_time", "known_time")
# table: logins on devices, or addresses, that two people ever share, from 30 days before the month
DEVICES = SnapshotTable("devices", LOGINS.name, _LOGIN_SCHEMA, _LOGIN_ORDER)
ADDRESSES = SnapshotTable("addresses", LOGINS.name, _LOGIN_SCHEMA, _LOGIN_ORDER)
# table: one row per person on a shared device: how many others are linked at the first of the month
LINKED = SnapshotTable(
    "linked", LOGINS.name, pa.schema([("person", ID), ("others", NUMBER)]), ("person",)
)
# table: one row per person, with the moment from which a first passed identity check is known
BEGUN = SnapshotTable(
    "begun",
    IDENTITY_CHECKS.name,
    pa.schema([("applicant_id", ID), ("begun", TIME)]),
    ("applicant_id",),
)

# table: all of them, by name
TABLES = {
    one.name: one
    for one in (
        GRAPH, REFUSED, LINKS, MESSAGES, TRANSFER_ROWS, PAID, CIRCLES, DEVICES, ADDRESSES, LINKED,
        BEGUN,
    )
}  # fmt: skip
# The raw tables that a snapshot is made of. Consents are read of the applications at the decision.
MADE_OF = (
    CONTACTS.name,
    INTERACTIONS.name,
    LOAN_PERFORMANCE.name,
    PAYMENTS.name,
    LOGINS.name,
    IDENTITY_CHECKS.name,
)


def ordered(table: SnapshotTable, columns: Mapping[str, object]) -> pa.Table:
    """Return the rows of a table of the snapshot in its types and its order."""
    arrays = [pa.array(columns[field.name], field.type, from_pandas=True) for field in table.schema]
    rows = pa.Table.from_arrays(arrays, schema=table.schema)
    return rows.sort_by([(name, "ascending") for name in table.order])
