"""Other people on one's devices and addresses: how many, how new, how many linked by devices.

Most people share nothing. Thousands may use one public address, so only devices link one person
to the next.
"""

from __future__ import annotations

from collections.abc import Collection
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
from .network_features import MEETINGS, OF_OTHERS

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
BEGINNINGS = """
CREATE TEMP TABLE IF NOT EXISTS begun AS
SELECT applicant_id, min(known_from(event_time, known_time)) AS begun
FROM identity_checks WHERE is_pass GROUP BY ALL
"""
BEGUN = """
WITH co_users AS (
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


def meetings(
    con: Connection,
    sources: RawFiles,
    applications: pa.Table,
    wanted: Collection[str] = OF_OTHERS,
) -> dict[str, np.ndarray]:
    """Return the features of shared devices and addresses that are wanted, in the order given.

    There is nothing without a logins table. What asks for identity proofs is null without a table
    of them. The kernel nulls what lacks consent, later.
    """
    names = [spec.name for spec in MEETINGS]
    if not sources.get(LOGINS.name) or not set(names) & set(wanted):
        return {}
    register_requests(con, applications)
    n = len(applications)
    devices, new, together, addresses, linked = names
    columns: dict[str, np.ndarray] = {}
    if {devices, new, together, linked} & set(wanted):
        # It makes the tables that the other three of devices read.
        columns[devices] = _co_user_count(con, sources, "device_id", n)
    if {new, together} & set(wanted):
        columns[new], columns[together] = _begun(con, sources, n)
    if addresses in wanted:
        columns[addresses] = _co_user_count(con, sources, "ip_id", n)
    if linked in wanted:
        columns[linked] = _linked(con, applications)
    return columns


def _co_user_count(con: Connection, sources: RawFiles, column: str, n: int) -> np.ndarray:
    """Return the number of other people on the applicant's identifiers of one kind."""
    make_co_users(con, sources, column)
    return per_application(fetch(con, CO_USER_COUNT.format(column=column)), n)[0]


def _begun(con: Connection, sources: RawFiles, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return shares of the co-users of devices: the new ones, and those who began together."""
    if not sources.get(IDENTITY_CHECKS.name):
        return np.full(n, np.nan), np.full(n, np.nan)
    make_begun(con, sources)
    counts = fetch(con, BEGUN, days=CO_USE_DAYS, hours=TOGETHER_HOURS)
    begun, new, together = per_application(counts, n)
    return divide(new, begun), divide(together, begun)


def make_begun(con: Connection, sources: RawFiles) -> None:
    """Make the table `begun`, once per connection: applicant_id, the moment from which known."""
    view(con, sources, IDENTITY_CHECKS.name)
    con.execute(BEGINNINGS)


class DeviceLinks:
    """People and the devices that they share, each pair with the month since which it is known.

    It is made of the table `shared_device_id`.
    """

    def __init__(self, con: Connection) -> None:
        applicant, identifier, since = fetch(con, LINKED)
        self.people, self.person = np.unique(applicant, return_inverse=True)
        self.devices, self.device = np.unique(identifier, return_inverse=True)
        self.known_month = clock.month_index(since)

    def linked(self, month: int) -> np.ndarray:
        """Return the other people in each person's component, by what is known before a month."""
        is_known = self.known_month < month
        ones = np.ones(int(is_known.sum()))
        pairs = (self.person[is_known], self.device[is_known])
        shape = (len(self.people), len(self.devices))
        # Less one: the person.
        return _component_people(sparse.coo_matrix((ones, pairs), shape)) - 1.0


def _linked(con: Connection, applications: pa.Table) -> np.ndarray:
    """Return the other people in the applicant's component of people and devices.

    Logins count that are known before the first of the application's month.
    """
    links = DeviceLinks(con)
    months = clock.month_index(applications.column("as_of").to_numpy())
    applicants = applications.column("applicant_id").to_numpy()
    linked = np.zeros(len(months))
    for month in np.unique(months):
        at = np.flatnonzero(months == month)
        position, is_person = positions_in(links.people, applicants[at])
        linked[at[is_person]] = links.linked(int(month))[position]
    return linked


def _component_people(edges: sparse.coo_matrix) -> np.ndarray:
    """Return the number of people in each person's component of the bipartite graph."""
    n, m = edges.shape
    # Devices are numbered after the people, so that both are nodes of one graph.
    both = sparse.coo_matrix((edges.data, (edges.row, edges.col + n)), (n + m, n + m))
    label = csgraph.connected_components(both, directed=False)[1][:n]
    return np.bincount(label)[label] if n else np.zeros(0)
