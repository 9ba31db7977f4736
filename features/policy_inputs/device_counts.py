"""How many applicants are seen on one device or address: policy inputs that look at other people's logins (FR10, S1-R52).

Like the graph, this is made once for all applications, before the buckets; the kernel keeps it out of the features. Only identifiers that
two people ever share are joined, so its cost is one pass over the logins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ..contract.tables import LOGINS
from ..engine.raw_reader import RawFiles, fetch, view

if TYPE_CHECKING:
    from ..engine.raw_reader import Connection

SHARED = {
    "device_applicants_30d": ("device_id", ""),
    "ip_applicants_30d": ("ip_id", "consent_location"),
}
"""Policy input to the identifier that people share, and the further consent that it needs."""
DAYS = 30

SHARED_LOGINS = """
CREATE TEMP TABLE IF NOT EXISTS shared_{column} AS
SELECT applicant_id, event_time, known_time, {column} AS identifier
FROM logins SEMI JOIN (SELECT {column} FROM logins GROUP BY ALL HAVING min(applicant_id) <> max(applicant_id)) USING ({column})
"""
SEEN_WITH = """
CREATE TEMP TABLE IF NOT EXISTS seen_{column} AS
WITH own AS (
    SELECT DISTINCT place, as_of, identifier, applicant_id AS own
    FROM shared_{column} JOIN asked USING (applicant_id) WHERE sees(event_time, known_time, as_of, {days})
)
SELECT DISTINCT place, as_of, identifier, own, applicant_id
FROM shared_{column} JOIN own USING (identifier) WHERE sees(event_time, known_time, as_of, {days})
"""
MOST = """
SELECT place, max(people) FROM (SELECT place, identifier, count(applicant_id) AS people FROM seen_{column} GROUP BY ALL) GROUP BY place
"""


def applicants_per_identifier(
    con: Connection, sources: RawFiles, applications: pa.Table
) -> dict[str, np.ndarray]:
    """Per application, in the order given: most applicants that one of its identifiers of the last 30 days was seen with in that time.

    The applicant counts; whoever shares nothing has 1. Nothing without a logins table; null without consent comes later, in the kernel.
    """
    if not sources.get(LOGINS.name):
        return {}
    asked_for(con, applications)
    found = {}
    for name, (column, _) in SHARED.items():
        seen_with(con, sources, column)
        found[name] = per_application(
            fetch(con, MOST.format(column=column)), len(applications), absent=1.0
        )[0]
    return found


def asked_for(con: Connection, applications: pa.Table) -> None:
    """The applications as the table `asked`: applicant_id, as_of and `place`, their place in the order given."""
    place = pa.array(np.arange(len(applications), dtype=np.int64))
    con.register(
        "asked", applications.select(["applicant_id", "as_of"]).append_column("place", place)
    )


def per_application(found: list[np.ndarray], n: int, absent: float = 0.0) -> np.ndarray:
    """(values, n) from the columns that a query finds, the first of which is `place`; `absent` where a place is not found."""
    place, *values = found
    whole = np.full((len(values), n), absent)
    whole[:, place] = values
    return whole


def seen_with(con: Connection, sources: RawFiles, column: str) -> None:
    """Who is seen with whom, as two tables that are made once per connection.

    `shared_<column>`: logins with an identifier that two people ever share (applicant_id, event_time, known_time, identifier).
    `seen_<column>`: everybody (applicant_id) who logged in within the last 30 days with an identifier that the applicant (`own`) used in
    them, once for each application (`place`, `as_of`) and identifier.
    """
    view(con, sources, LOGINS.name)
    con.execute(SHARED_LOGINS.format(column=column))
    con.execute(SEEN_WITH.format(column=column, days=DAYS))
