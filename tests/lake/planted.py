"""Raw tables with the cases that two makers of a network snapshot may take differently.

Persons 0 to 19 are linked at random and densely. Those from 20 on are planted, each case by hand.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditloom.features.contract.tables import TABLES
from tests.features.raw import AS_OF, DAY, Raw, random_events, random_raw

# The month of the snapshot: nearly everybody of `random_raw` has stated a consent before it.
MONTH_DAY = "2024-07-02"
FIRST = np.datetime64("2024-07-01", "us")
PEOPLE = 40
RANDOM = 20
# A path of eight people.
PATH = tuple(range(20, 28))
LOOP = 28
TWICE = (29, 30)
TRIANGLE = (31, 32, 33)
REFUSED = 34
AGREES_LATER = 35
AT_THE_FIRST = (36, 37)
JUST_BEFORE = (38, 39)
TABLE_NAMES = (
    "applications",
    "contacts",
    "interactions",
    "loan_performance",
    "payments",
    "logins",
    "identity_checks",
)
Row = tuple[int, int, np.datetime64]
EARLY = AS_OF - 90 * DAY
LATER = AS_OF - 30 * DAY
# table: who lists whom, known when: the cases above, and a refusal beside the triangle
CONTACTS: tuple[Row, ...] = (
    *((one, one + 1, EARLY) for one in PATH[:-1]),
    (LOOP, LOOP, EARLY),
    (29, 30, LATER), (29, 30, EARLY), (30, 29, FIRST + DAY),
    (31, 32, EARLY), (32, 33, EARLY), (33, 31, EARLY), (32, 31, EARLY),
    (31, REFUSED, EARLY), (32, AGREES_LATER, EARLY), (33, AGREES_LATER, EARLY),
    (36, 37, FIRST), (38, 39, FIRST - np.timedelta64(1, "us")),
)  # fmt: skip
# table: who pays whom when: a circle twice at the same moments, a loop, two circles that share a
# link, and one that closes with the month
TRANSFERS: tuple[Row, ...] = (
    (20, 21, EARLY), (21, 22, EARLY), (22, 20, EARLY),
    (20, 21, EARLY), (21, 22, EARLY), (22, 20, LATER),
    (23, 23, EARLY),
    (21, 24, EARLY), (24, 20, EARLY), (20, 24, EARLY),
    (25, 26, EARLY), (26, 27, EARLY), (27, 25, FIRST + DAY),
)  # fmt: skip
# table: who writes to whom when: more than a year before, with somebody refused, outside the graph
MESSAGES: tuple[Row, ...] = (
    (20, 21, EARLY), (21, 20, EARLY), (20, 21, LATER), (20, LOOP, EARLY),
    (31, REFUSED, EARLY), (31, 32, np.datetime64("2023-07-01", "us")),
    (31, 32, np.datetime64("2023-06-30T23:59:59", "us")), (32, 33, FIRST), (20, 36, EARLY),
)  # fmt: skip


def planted(seed: int = 11) -> Raw:
    """The raw tables that a snapshot is made of, for PEOPLE people."""
    rng = np.random.default_rng(seed)
    raw = {name: random_raw(PEOPLE, seed)[name] for name in TABLE_NAMES}
    raw["applications"] = _consenting(raw["applications"])
    raw["contacts"] = _with(raw["contacts"], "contacts", "contact_id", CONTACTS, rng)
    raw["interactions"] = _with(raw["interactions"], "interactions", "contact_id", MESSAGES, rng)
    raw["payments"] = _with(raw["payments"], "payments", "counterparty_id", TRANSFERS, rng)
    return raw


def _consenting(rows: pa.Table) -> pa.Table:
    """Everyone who is planted agrees, but two: one before the month, one within it."""
    person = rows["applicant_id"].to_numpy()
    given = rows["consent_social"].to_numpy(zero_copy_only=False).astype(bool)
    given = np.where(person < RANDOM, given, ~np.isin(person, (REFUSED, AGREES_LATER)))
    moment = rows["as_of"].to_numpy().copy()
    moment[person >= RANDOM] = AS_OF
    moment[person == AGREES_LATER] = FIRST + 3 * DAY
    for name, values in (("consent_social", given), ("as_of", moment)):
        at = rows.schema.get_field_index(name)
        field = rows.schema.field(at)
        rows = rows.set_column(at, field, pa.array(values, field.type))
    return rows


def _with(
    rows: pa.Table, name: str, other: str, added: Sequence[Row], rng: np.random.Generator
) -> pa.Table:
    """The rows among the random people, and one row for each that is planted."""
    ends = (pc.less(rows["applicant_id"], RANDOM), pc.less(pc.fill_null(rows[other], 0), RANDOM))
    kept = rows.filter(pc.and_(*ends))
    own = random_events(TABLES[name], len(added), PEOPLE, rng, first_id=10**6)
    moments = np.array([row[2] for row in added])
    # table: the columns that say who, whom and when
    said = {
        "applicant_id": [row[0] for row in added],
        other: [row[1] for row in added],
        "event_time": moments - DAY,
        "known_time": moments,
        "direction": ["out"] * len(added),
        "category": ["transfer"] * len(added),
        "kind": ["chat"] * len(added),
    }
    for field in own.schema:
        if field.name in said:
            at = own.schema.get_field_index(field.name)
            own = own.set_column(at, field, pa.array(said[field.name], field.type))
    return pa.concat_tables([kept, own])
