"""Transfers, circles of money, shared devices and first proofs of a month, on a cluster.

The rules are those of `network.transfers`, `network.shared_devices` and `policy_inputs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .... import clock
from ....contract.tables import IDENTITY_CHECKS, LOGINS, PAYMENTS
from ....network import snapshot_tables as st
from ....network.snapshot_tables import SnapshotTable
from ....policy_inputs.device_counts import CO_USE_DAYS, NO_CARRIER
from .cluster_work import ClusterWork
from .graph_rounds import components

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# Each transfer once, by payer, payee and event_time.
MOVED = """
SELECT payer, payee, event_time, min(known_time) AS known_time,
    greatest(event_time, min(known_time)) AS known
FROM (
    SELECT if(direction = 'out', applicant_id, counterparty_id) AS payer,
        if(direction = 'in', applicant_id, counterparty_id) AS payee, event_time, known_time
    FROM {payments}
    WHERE counterparty_id <> applicant_id AND direction IN ('in', 'out')
        AND event_time IS NOT NULL AND known_time IS NOT NULL
) GROUP BY payer, payee, event_time
"""
TRANSFERS = """
WITH recent AS (SELECT * FROM {moved} WHERE event_time >= CAST({since} AS TIMESTAMP_NTZ))
SELECT payer AS person, payee AS other, true AS is_paid, event_time, known_time FROM recent
UNION ALL SELECT payee, payer, false, event_time, known_time FROM recent
"""
PAID = """
SELECT payer AS person, payee AS other, min(known) AS since FROM {moved} GROUP BY payer, payee
"""
PARTNERS = """
SELECT person, count(*) AS degree FROM (
    SELECT person FROM {paid} UNION ALL SELECT other FROM {paid}
) GROUP BY person
"""
# Links from or to the end with fewer partners, of equal ends the smaller id: so even the busiest
# payee begins few of them, and a circle is found from that corner, once.
RISING = """
SELECT p.person AS payer, p.other AS payee, p.since,
    struct(mine.degree, p.person) < struct(its.degree, p.other) AS is_from_low
FROM {paid} AS p JOIN {partners} AS mine ON p.person = mine.person
JOIN {partners} AS its ON p.other = its.person
"""
CIRCLES = """
WITH wedges AS (
    SELECT away.payer AS low, away.payee AS next, back.payer AS last,
        greatest(away.since, back.since) AS since
    FROM {rising} AS away JOIN {rising} AS back ON away.payer = back.payee
    WHERE away.is_from_low AND NOT back.is_from_low AND away.payee <> back.payer
)
SELECT explode(array(w.low, w.next, w.last)) AS person, greatest(w.since, p.since) AS since
FROM wedges AS w JOIN {paid} AS p ON w.next = p.person AND w.last = p.other
"""
# Logins with an identifier that two people ever share.
SHARED = """
SELECT l.applicant_id, l.event_time, l.known_time, l.known, l.{column} AS identifier
FROM {{logins}} AS l LEFT SEMI JOIN (
    SELECT {column} FROM {{logins}} GROUP BY {column} HAVING min(applicant_id) <> max(applicant_id)
) AS s ON l.{column} = s.{column}
{where}
"""
RECENT_LOGINS = """
SELECT identifier, applicant_id, event_time, known_time FROM {shared}
WHERE identifier IS NOT NULL AND applicant_id IS NOT NULL AND known IS NOT NULL
    AND event_time >= CAST({since} AS TIMESTAMP_NTZ)
"""
ON_DEVICES = """
SELECT applicant_id AS person, identifier AS group, min(known) AS known FROM {shared}
WHERE applicant_id IS NOT NULL GROUP BY applicant_id, identifier HAVING min(known) IS NOT NULL
"""
BEFORE = "SELECT person, group FROM {pairs} WHERE known < CAST({first} AS TIMESTAMP_NTZ)"
# Whoever has no login before the month is linked with nobody.
LINKED = """
SELECT p.person, CAST(coalesce(s.size, 1) - 1 AS DOUBLE) AS others
FROM (SELECT DISTINCT person FROM {pairs}) AS p LEFT JOIN {sizes} AS s ON p.person = s.person
"""
BEGUN = """
SELECT applicant_id, min(known) AS begun FROM {checks} WHERE is_pass
GROUP BY applicant_id HAVING min(known) IS NOT NULL
"""


def transfer_tables(work: ClusterWork) -> Iterator[tuple[SnapshotTable, DataFrame]]:
    """Yield the tables of transfers, in no order of rows."""
    moved = work.kept("moved", work.sql(MOVED, payments=work.raw(PAYMENTS.name)))
    yield st.TRANSFER_ROWS, work.sql(TRANSFERS, moved=moved, since=work.moment(clock.YEAR_DAYS))
    paid = work.kept("paid", work.sql(PAID, moved=moved))
    yield st.PAID, paid
    partners = work.sql(PARTNERS, paid=paid)
    rising = work.kept("rising-paid", work.sql(RISING, paid=paid, partners=partners))
    yield st.CIRCLES, work.sql(CIRCLES, rising=rising, paid=paid)


def login_tables(work: ClusterWork) -> Iterator[tuple[SnapshotTable, DataFrame]]:
    """Yield the tables of shared devices and addresses, in no order of rows."""
    since = work.moment(CO_USE_DAYS)
    shared = {column: _shared(work, column) for column in ("device_id", "ip_id")}
    yield st.DEVICES, work.sql(RECENT_LOGINS, shared=shared["device_id"], since=since)
    yield st.ADDRESSES, work.sql(RECENT_LOGINS, shared=shared["ip_id"], since=since)
    pairs = work.kept("on-devices", work.sql(ON_DEVICES, shared=shared["device_id"]))
    before = work.kept("on-devices-before", work.sql(BEFORE, pairs=pairs, first=work.moment()))
    sizes = components(work, "linked", before)
    yield st.LINKED, work.sql(LINKED, pairs=pairs, sizes=sizes)


def proof_tables(work: ClusterWork) -> Iterator[tuple[SnapshotTable, DataFrame]]:
    """Yield the table of first passed identity checks, in no order of rows."""
    yield st.BEGUN, work.sql(BEGUN, checks=work.events(IDENTITY_CHECKS.name))


def _shared(work: ClusterWork, column: str) -> DataFrame:
    logins = work.events(LOGINS.name)
    # Tables of earlier releases do not say what kind of address it is.
    where = NO_CARRIER if column == "ip_id" and "network" in logins.columns else ""
    query = SHARED.format(column=column, where=where)
    return work.kept(f"shared-{column}", work.sql(query, logins=logins))
