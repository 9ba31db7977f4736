"""Who is met on one's devices and addresses: how many other people, how new, how near in time, and whom devices link further on.

Most people meet nobody. A public address may meet thousands, so only devices carry the chain from one person to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from scipy import sparse
from scipy.sparse import csgraph

from . import clock
from .cube import divide
from .reader import Sources, require
from .shared import DAYS, asked_for, seen_with, shared_logins
from .snapshot import MEETINGS
from .tables import IDENTITY_CHECKS, LOGINS
from .timeline import place

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

TOGETHER_HOURS = 48
"""Domain 7.4: a ring applies within 48 hours, so its accounts begin within them."""


def meetings(con: Backend, sources: Sources, applications: pa.Table) -> dict[str, np.ndarray]:
    """Every feature of shared devices and addresses, per application in the order given; nothing without a logins table.

    What asks for people's first identity proofs is null without a table of them; null without consent comes later, in the kernel.
    """
    if not sources.get(LOGINS.name):
        return {}
    asked, n = asked_for(con, applications), len(applications)
    devices, addresses = (shared_logins(con, sources, column) for column in ("device_id", "ip_id"))
    by_device = _by_device(con, sources, _met(devices, asked), n)
    values = (*by_device, _counted(_met(addresses, asked), n)[0], _linked(devices, applications))
    return {spec.name: column for spec, column in zip(MEETINGS, values, strict=True)}


def _met(rows: ir.Table, asked: ir.Table) -> ir.Table:
    """(at, as_of, own, applicant_id) of every other person met by each application."""
    seen = seen_with(rows, asked)
    return seen.filter(seen.applicant_id != seen.own).select("at", "as_of", "own", "applicant_id").distinct()


def _counted(people: ir.Table, n: int, **columns: ir.Value) -> list[np.ndarray]:
    """Per application: rows, and sums of the columns; 0 without rows."""
    table = people.group_by("at").agg(rows=people.count(), **columns).to_pyarrow()
    found = [np.zeros(n) for _ in ("rows", *columns)]
    for values, name in zip(found, ("rows", *columns), strict=True):
        values[table.column("at").to_numpy()] = table.column(name).to_numpy()
    return found


def _by_device(con: Backend, sources: Sources, met: ir.Table, n: int) -> tuple[np.ndarray, ...]:
    """People met, the share of them who are new, and the share who began together with the applicant."""
    import ibis

    count = _counted(met, n)[0]
    if not sources.get(IDENTITY_CHECKS.name):
        return count, np.full(n, np.nan), np.full(n, np.nan)
    begun = _begun(con, sources)
    known = met.inner_join(begun, "applicant_id").filter(lambda t: t.begun < t.as_of)
    known = known.left_join(begun.select(own=begun.applicant_id, own_begun=begun.begun), "own")
    is_new = known.begun >= known.as_of - ibis.interval(days=DAYS)
    near = ibis.interval(hours=TOGETHER_HOURS)
    together = (known.own_begun < known.as_of) & known.begun.between(known.own_begun - near, known.own_begun + near)
    proved, new, joined = _counted(known, n, new=is_new.cast("int64").sum(), joined=together.fill_null(False).cast("int64").sum())
    return count, divide(new, proved), divide(joined, proved)


def _begun(con: Backend, sources: Sources) -> ir.Table:
    """The moment from which each person's first passed identity check is known: the account's beginning."""
    import ibis

    checks = con.read_parquet(require(sources, IDENTITY_CHECKS.name), table_name="meeting_checks")
    passed = checks.filter(checks.is_pass & checks.event_time.notnull() & checks.known_time.notnull())
    return passed.group_by("applicant_id").agg(begun=ibis.greatest(passed.event_time, passed.known_time).min())


def _linked(logins: ir.Table, applications: pa.Table) -> np.ndarray:
    """Other people in the applicant's component of people and devices, from logins known before the first of the month."""
    import ibis

    used = logins.filter(logins.event_time.notnull() & logins.known_time.notnull() & logins.applicant_id.notnull())
    used = used.group_by("applicant_id", "identifier").agg(known=ibis.greatest(used.event_time, used.known_time).min()).to_pyarrow()
    people, person = np.unique(used.column("applicant_id").to_numpy(), return_inverse=True)
    devices, device = np.unique(used.column("identifier").to_numpy(), return_inverse=True)
    known = clock.month_index(used.column("known").to_numpy())
    months = clock.month_index(applications.column("as_of").to_numpy())
    applicants, linked = applications.column("applicant_id").to_numpy(), np.zeros(len(months))
    for month in np.unique(months):
        at, there = np.flatnonzero(months == month), known < month
        edges = sparse.coo_matrix((np.ones(int(there.sum())), (person[there], device[there])), (len(people), len(devices)))
        node, is_node = place(people, applicants[at])
        linked[at[is_node]] = (_component_people(edges) - 1.0)[node]
    return linked


def _component_people(edges: sparse.coo_matrix) -> np.ndarray:
    """People in each person's component of the bipartite graph."""
    n, m = edges.shape
    both = sparse.coo_matrix((edges.data, (edges.row, edges.col + n)), (n + m, n + m))
    label = csgraph.connected_components(both, directed=False)[1][:n]
    return np.bincount(label)[label] if n else np.zeros(0)
