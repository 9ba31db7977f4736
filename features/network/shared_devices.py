"""Other people on one's devices and addresses: how many, how new, how many linked by devices.

Most people share nothing. Thousands may use one public address, so only devices link one person
to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from scipy import sparse
from scipy.sparse import csgraph

from .. import clock
from ..aggregates.event_columns import divide
from ..contract.tables import IDENTITY_CHECKS, LOGINS
from ..engine.raw_reader import RawFiles, fetch, view
from ..policy_inputs.device_counts import (
    CO_USE_DAYS,
    make_co_users,
    per_application,
    register_requests,
)
from .graph_history import positions_in
from .network_features import MEETINGS

if TYPE_CHECKING:
    from ..engine.raw_reader import Connection

# Domain 7.4: a ring applies within 48 hours, so its accounts begin within them.
TOGETHER_HOURS = 48

CO_USER_COUNT = """
SELECT place, count(DISTINCT applicant_id)
FROM co_users_{column} WHERE applicant_id <> own GROUP BY place
"""
# An account begins with the first identity check that is known as passed. Of the co-users of
# devices whose account has begun: all, the new ones, those who began together with the applicant.
BEGUN = """
WITH begun AS (
    SELECT applicant_id, min(known_from(event_time, known_time)) AS begun
    FROM identity_checks WHERE is_pass GROUP BY ALL
), co_users AS (
    SELECT DISTINCT place, as_of, own, applicant_id
    FROM co_users_device_id WHERE applicant_id <> own
)
SELECT
    place,
    count(*),
    count(*) FILTER (begun.begun >= as_of - to_days($days)),
    count(*) FILTER (
        mine.begun < as_of
        AND abs(epoch_us(begun.begun) - epoch_us(mine.begun)) <= epoch_us(to_hours($hours))
    )
FROM co_users JOIN begun USING (applicant_id) LEFT JOIN begun AS mine ON mine.applicant_id = own
WHERE begun.begun < as_of GROUP BY place
"""
LINKED = """
SELECT applicant_id, identifier, min(known_from(event_time, known_time)) AS known
FROM shared_device_id
WHERE applicant_id IS NOT NULL GROUP BY ALL HAVING known IS NOT NULL
"""


def meetings(con: Connection, sources: RawFiles, applications: pa.Table) -> dict[str, np.ndarray]:
    """Return every feature of shared devices and addresses, per application in the order given.

    There is nothing without a logins table. What asks for identity proofs is null without a table
    of them. The kernel nulls what lacks consent, later.
    """
    if not sources.get(LOGINS.name):
        return {}
    register_requests(con, applications)
    n = len(applications)
    devices = _co_user_count(con, sources, "device_id", n)
    addresses = _co_user_count(con, sources, "ip_id", n)
    # In the order of MEETINGS.
    values = (devices, *_begun(con, sources, n), addresses, _linked(con, applications))
    return {spec.name: column for spec, column in zip(MEETINGS, values, strict=True)}


def _co_user_count(con: Connection, sources: RawFiles, column: str, n: int) -> np.ndarray:
    """Return the number of other people on the applicant's identifiers of one kind."""
    make_co_users(con, sources, column)
    return per_application(fetch(con, CO_USER_COUNT.format(column=column)), n)[0]


def _begun(con: Connection, sources: RawFiles, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return shares of the co-users of devices: the new ones, and those who began together."""
    if not sources.get(IDENTITY_CHECKS.name):
        return np.full(n, np.nan), np.full(n, np.nan)
    view(con, sources, IDENTITY_CHECKS.name)
    counts = fetch(con, BEGUN, days=CO_USE_DAYS, hours=TOGETHER_HOURS)
    begun, new, together = per_application(counts, n)
    return divide(new, begun), divide(together, begun)


def _linked(con: Connection, applications: pa.Table) -> np.ndarray:
    """Return the other people in the applicant's component of people and devices.

    Logins count that are known before the first of the application's month.
    """
    applicant, identifier, since = fetch(con, LINKED)
    people, person = np.unique(applicant, return_inverse=True)
    devices, device = np.unique(identifier, return_inverse=True)
    shape = (len(people), len(devices))
    known_month = clock.month_index(since)
    months = clock.month_index(applications.column("as_of").to_numpy())
    applicants = applications.column("applicant_id").to_numpy()
    linked = np.zeros(len(months))
    for month in np.unique(months):
        at = np.flatnonzero(months == month)
        is_known = known_month < month
        ones = np.ones(int(is_known.sum()))
        edges = sparse.coo_matrix((ones, (person[is_known], device[is_known])), shape)
        position, is_person = positions_in(people, applicants[at])
        # Less one: the applicant.
        linked[at[is_person]] = (_component_people(edges) - 1.0)[position]
    return linked


def _component_people(edges: sparse.coo_matrix) -> np.ndarray:
    """Return the number of people in each person's component of the bipartite graph."""
    n, m = edges.shape
    # Devices are numbered after the people, so that both are nodes of one graph.
    both = sparse.coo_matrix((edges.data, (edges.row, edges.col + n)), (n + m, n + m))
    label = csgraph.connected_components(both, directed=False)[1][:n]
    return np.bincount(label)[label] if n else np.zeros(0)
