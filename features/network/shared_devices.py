"""Who is met on one's devices and addresses: how many other people, how new, how near in time, and whom devices link further on.

Most people meet nobody. A public address may meet thousands, so only devices carry the chain from one person to the next.
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
from ..policy_inputs.device_counts import DAYS, asked_for, per_application, seen_with
from .graph_history import place
from .network_features import MEETINGS

if TYPE_CHECKING:
    from ..engine.raw_reader import Connection

TOGETHER_HOURS = 48
"""Domain 7.4: a ring applies within 48 hours, so its accounts begin within them."""

MET = "SELECT place, count(DISTINCT applicant_id) FROM seen_{column} WHERE applicant_id <> own GROUP BY place"
BEGUN = """
WITH begun AS (
    SELECT applicant_id, min(known_from(event_time, known_time)) AS begun
    FROM identity_checks WHERE is_pass GROUP BY ALL
), met AS (SELECT DISTINCT place, as_of, own, applicant_id FROM seen_device_id WHERE applicant_id <> own)
SELECT
    place,
    count(*),
    count(*) FILTER (begun.begun >= as_of - to_days($days)),
    count(*) FILTER (mine.begun < as_of AND abs(epoch_us(begun.begun) - epoch_us(mine.begun)) <= epoch_us(to_hours($hours)))
FROM met JOIN begun USING (applicant_id) LEFT JOIN begun AS mine ON mine.applicant_id = own
WHERE begun.begun < as_of GROUP BY place
"""
"""Of those met on devices whose account has begun, by the first identity check known as passed: all, the new, those who began together."""

LINKED = """
SELECT applicant_id, identifier, min(known_from(event_time, known_time)) AS known
FROM shared_device_id WHERE applicant_id IS NOT NULL GROUP BY ALL HAVING known IS NOT NULL
"""


def meetings(con: Connection, sources: RawFiles, applications: pa.Table) -> dict[str, np.ndarray]:
    """Every feature of shared devices and addresses, per application in the order given; nothing without a logins table.

    What asks for people's first identity proofs is null without a table of them; null without consent comes later, in the kernel.
    """
    if not sources.get(LOGINS.name):
        return {}
    asked_for(con, applications)
    for column in ("device_id", "ip_id"):
        seen_with(con, sources, column)
    n = len(applications)
    devices, addresses = (
        per_application(fetch(con, MET.format(column=column)), n)[0]
        for column in ("device_id", "ip_id")
    )
    values = (devices, *_begun(con, sources, n), addresses, _linked(con, applications))
    return {spec.name: column for spec, column in zip(MEETINGS, values, strict=True)}


def _begun(con: Connection, sources: RawFiles, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the people met on devices: the share of those who are new, and of those who began together with the applicant."""
    if not sources.get(IDENTITY_CHECKS.name):
        return np.full(n, np.nan), np.full(n, np.nan)
    view(con, sources, IDENTITY_CHECKS.name)
    proved, new, joined = per_application(fetch(con, BEGUN, days=DAYS, hours=TOGETHER_HOURS), n)
    return divide(new, proved), divide(joined, proved)


def _linked(con: Connection, applications: pa.Table) -> np.ndarray:
    """Other people in the applicant's component of people and devices, from logins known before the first of the month."""
    applicant, identifier, since = fetch(con, LINKED)
    people, person = np.unique(applicant, return_inverse=True)
    devices, device = np.unique(identifier, return_inverse=True)
    known = clock.month_index(since)
    months = clock.month_index(applications.column("as_of").to_numpy())
    applicants, linked = applications.column("applicant_id").to_numpy(), np.zeros(len(months))
    for month in np.unique(months):
        at, there = np.flatnonzero(months == month), known < month
        edges = sparse.coo_matrix(
            (np.ones(int(there.sum())), (person[there], device[there])), (len(people), len(devices))
        )
        node, is_node = place(people, applicants[at])
        linked[at[is_node]] = (_component_people(edges) - 1.0)[node]
    return linked


def _component_people(edges: sparse.coo_matrix) -> np.ndarray:
    """People in each person's component of the bipartite graph."""
    n, m = edges.shape
    both = sparse.coo_matrix((edges.data, (edges.row, edges.col + n)), (n + m, n + m))
    label = csgraph.connected_components(both, directed=False)[1][:n]
    return np.bincount(label)[label] if n else np.zeros(0)
