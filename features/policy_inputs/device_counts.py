"""How many applicants use one device or address: policy inputs made of other people's logins.

They serve FR10 and S1-R52. They are made once for all applications, before the buckets, as the
graph is. The kernel does not count them as features. Only identifiers that two people ever share
are joined, so the cost is one pass over the logins.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ..contract.tables import LOGINS
from ..engine.raw_reader import RawFiles, fetch, view
from .consents import make_refusals

if TYPE_CHECKING:
    from ..engine.raw_reader import Connection


@dataclass(frozen=True)
class SharedIdentifier:
    """One policy input: the most applicants on one identifier of a kind.

    `column` is the identifier in the logins, `consent` a consent needed beside that of the table.
    """

    name: str
    column: str
    consent: str = ""


SHARED = (
    SharedIdentifier("device_applicants_30d", "device_id"),
    SharedIdentifier("ip_applicants_30d", "ip_id", "consent_location"),
)
# Applications on one identifier within the hour (FR03, S1-R52).
CLUSTERED = (
    SharedIdentifier("device_applications_1h", "device_id"),
    SharedIdentifier("ip_applications_1h", "ip_id", "consent_location"),
)
NAMES = tuple(shared.name for shared in (*SHARED, *CLUSTERED))
CONSENT_OF = {shared.column: shared.consent for shared in SHARED}
# Days back from as_of in which people count as users of one identifier.
CO_USE_DAYS = 30

# Logins with an identifier that two people ever share.
SHARED_LOGINS = """
CREATE TEMP TABLE IF NOT EXISTS shared_{column} AS
SELECT applicant_id, event_time, known_time, {column} AS identifier
FROM logins SEMI JOIN (
    SELECT {column} FROM logins GROUP BY ALL HAVING min(applicant_id) <> max(applicant_id)
) USING ({column})
{where}
"""
# A carrier puts thousands of subscribers behind one address: it says nothing about any two.
NO_CARRIER = "WHERE network IS DISTINCT FROM 'mobile'"
# Identifiers that each applicant used in the hour before the application.
OF_THE_HOUR = """
CREATE TEMP TABLE hour_{column} AS
SELECT DISTINCT place, as_of, identifier, applicant_id
FROM shared_{column} JOIN requests USING (applicant_id)
WHERE sees(event_time, known_time, as_of, 1) AND event_time >= as_of - to_hours(1)
"""
# Applications of the last hour, the own one among them, on the busiest of these identifiers.
BUSIEST_HOUR = """
SELECT place, max(applications) FROM (
    SELECT mine.place, mine.identifier, count(DISTINCT others.applicant_id) AS applications
    FROM hour_{column} AS mine JOIN hour_{column} AS others USING (identifier)
    WHERE others.as_of <= mine.as_of AND others.as_of > mine.as_of - to_hours(1)
    GROUP BY ALL
) GROUP BY place
"""
# Everybody who used an identifier of the applicant, once per application and identifier.
CO_USERS = """
CREATE TEMP TABLE IF NOT EXISTS co_users_{column} AS
WITH own AS (
    SELECT DISTINCT place, as_of, identifier, applicant_id AS own
    FROM shared_{column} JOIN requests USING (applicant_id)
    WHERE sees(event_time, known_time, as_of, {days})
)
SELECT DISTINCT place, as_of, identifier, own, applicant_id
FROM shared_{column} JOIN own USING (identifier)
WHERE sees(event_time, known_time, as_of, {days}) {unless}
"""
# Somebody else's address counts unless that person had refused its consent by then.
UNLESS_REFUSED = """
AND NOT EXISTS (
    FROM refusals_{consent} AS refusals
    WHERE refusals.applicant_id = shared_{column}.applicant_id
        AND since < as_of AND (until IS NULL OR until >= as_of)
)
"""
LARGEST_GROUP = """
SELECT place, max(people) FROM (
    SELECT place, identifier, count(applicant_id) AS people FROM co_users_{column} GROUP BY ALL
) GROUP BY place
"""


def applicants_per_identifier(
    con: Connection,
    sources: RawFiles,
    applications: pa.Table,
    wanted: Collection[str] = NAMES,
) -> dict[str, np.ndarray]:
    """Return, per application in the order given, the most applicants on one of its identifiers.

    Identifiers and people of the last 30 days count, the applicant among them: who shares nothing
    has 1. There is nothing without a logins table. The kernel nulls what lacks consent, later.
    """
    if not sources.get(LOGINS.name) or not set(NAMES) & set(wanted):
        return {}
    register_requests(con, applications)
    people = {}
    for shared in (one for one in SHARED if one.name in wanted):
        make_co_users(con, sources, shared.column)
        groups = fetch(con, LARGEST_GROUP.format(column=shared.column))
        people[shared.name] = per_application(groups, len(applications), absent=1.0)[0]
    for shared in (one for one in CLUSTERED if one.name in wanted):
        make_shared(con, sources, shared.column)
        con.execute(OF_THE_HOUR.format(column=shared.column))
        groups = fetch(con, BUSIEST_HOUR.format(column=shared.column))
        people[shared.name] = per_application(groups, len(applications), absent=1.0)[0]
    return people


def register_requests(con: Connection, applications: pa.Table) -> None:
    """Let queries read the applications as `requests`: applicant_id, as_of and `place`.

    `place` is the position of an application in the order given.
    """
    place = pa.array(np.arange(len(applications), dtype=np.int64))
    requests = applications.select(["applicant_id", "as_of"]).append_column("place", place)
    con.register("requests", requests)


def per_application(columns: list[np.ndarray], n: int, absent: float = 0.0) -> np.ndarray:
    """Return (values, n) from the columns of a query, the first of which is `place`.

    An application that the query does not name gets `absent`.

    >>> per_application([np.array([2, 0]), np.array([5.0, 7.0])], 3).tolist()
    [[7.0, 0.0, 5.0]]
    """
    place, *values = columns
    by_application = np.full((len(values), n), absent)
    by_application[:, place] = values
    return by_application


def make_co_users(con: Connection, sources: RawFiles, column: str) -> None:
    """Make two tables, once per connection, of people who use the same identifier.

    `shared_<column>`: logins with an identifier that two people ever share (applicant_id,
    event_time, known_time, identifier).
    `co_users_<column>`: everybody (applicant_id) who logged in within the last 30 days with an
    identifier that the applicant (`own`) used in them, once for each application (`place`, `as_of`)
    and identifier.
    """
    make_shared(con, sources, column)
    consent = CONSENT_OF[column]
    if consent:
        make_refusals(con, sources, consent)
    unless = UNLESS_REFUSED.format(column=column, consent=consent) if consent else ""
    con.execute(CO_USERS.format(column=column, days=CO_USE_DAYS, unless=unless))


def make_shared(con: Connection, sources: RawFiles, column: str) -> None:
    """Make `shared_<column>`, once per connection, as `make_co_users` says."""
    view(con, sources, LOGINS.name)
    # Tables of earlier releases do not say what kind of address it is.
    has_network = "network" in con.table(LOGINS.name).columns
    where = NO_CARRIER if column == "ip_id" and has_network else ""
    con.execute(SHARED_LOGINS.format(column=column, where=where))
