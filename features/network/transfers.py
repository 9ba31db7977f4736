"""Transfers between applicants at as_of: how many partners on either side, how new, and circles in which money comes back (domain 7.4).

A transfer counts from the moment at which it has happened and is known. Both accounts may state the same one: pair and time tell it.
A partner need not have applied; transfers to oneself drop out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from .. import clock
from ..aggregates.event_columns import divide
from ..contract.tables import PAYMENTS
from ..engine.raw_reader import RawFiles, fetch, view
from ..policy_inputs.device_counts import asked_for, per_application
from . import graph_measures
from .graph_history import place
from .graph_measures import rows_of, starts_of
from .network_features import TRANSFERS

if TYPE_CHECKING:
    from ..engine.raw_reader import Connection


# Measures of a directed network that grows: each pair is linked from one moment on, and a measure knows only links before its own.


class Moments:
    """Moments (integers) of each of n nodes, to be counted up to any other moment."""

    def __init__(self, node: np.ndarray, moment: np.ndarray, n: int) -> None:
        order = np.lexsort((moment, node))
        self.moment, self.start = moment[order], starts_of(node, n)

    def before(self, node: np.ndarray, moment: np.ndarray) -> np.ndarray:
        """How many of each node's lie before the moment asked for."""
        return graph_measures.before(self.start, self.moment, node, moment)


class TransferLinks:
    """Directed links among n nodes without loops, each pair once with the moment from which it is known, sorted by (source, target)."""

    def __init__(self, source: np.ndarray, target: np.ndarray, known: np.ndarray, n: int) -> None:
        order = np.argsort(source * n + target)
        self.target, self.known, self.n = target[order], known[order], n
        self.start = starts_of(source, n)

    def busiest_target(self, node: np.ndarray, moment: np.ndarray) -> np.ndarray:
        """Most sources of any target of each node, all links known before its moment; 0 without a target."""
        at, row = rows_of(self.start, node)
        seen = self.known[row] < moment[at]
        at, target, most = at[seen], self.target[row[seen]], np.zeros(len(node))
        np.maximum.at(most, at, Moments(self.target, self.known, self.n).before(target, moment[at]))
        return most

    def circles(self) -> Moments:
        """Circles of three links, by corner: the moment from which all three are known."""
        circles = graph_measures.circles(self.start, self.target, self.known)
        return Moments(circles[:, :3].ravel(), np.repeat(circles[:, 3], 3), self.n)


MONTH = clock.BIN_DAYS * clock.MICROS_PER_DAY

MOVED = """
CREATE OR REPLACE TEMP TABLE moved AS
SELECT
    if(direction = 'out', applicant_id, counterparty_id) AS payer,
    if(direction = 'in', applicant_id, counterparty_id) AS payee,
    event_time,
    min(known_time) AS known_time
FROM payments
WHERE counterparty_id <> applicant_id AND direction IN ('in', 'out') AND event_time IS NOT NULL AND known_time IS NOT NULL
GROUP BY ALL
"""
"""Each transfer once, by payer, payee and event_time."""

PARTNERS = """
WITH told AS (
    SELECT payer AS applicant_id, payee AS other, true AS is_paid, * EXCLUDE (payer, payee) FROM moved
    UNION ALL SELECT payee, payer, false, * EXCLUDE (payer, payee) FROM moved
), each AS (
    SELECT
        place, other, max(is_paid::INT) AS paid, max((NOT is_paid)::INT) AS payer, count(*) AS n,
        min(event_time) >= max(as_of) - to_days($month) AS is_new
    FROM told JOIN asked USING (applicant_id) WHERE sees(event_time, known_time, as_of, $year) GROUP BY place, other
)
SELECT place, sum(paid)::INT, sum(payer)::INT, sum(paid * payer)::INT, count(*), max(n), sum(n)::BIGINT, count(*) FILTER (is_new)
FROM each GROUP BY place
"""
"""Partners of each application within a year: paid, payers, both, all, transfers with the main one, transfers, new partners."""

LINKS = (
    "SELECT payer, payee, epoch_us(min(known_from(event_time, known_time))) FROM moved GROUP BY ALL"
)


def transfers(con: Connection, sources: RawFiles, applications: pa.Table) -> dict[str, np.ndarray]:
    """Every transfer feature of every application, in the order given; nothing without a payments table."""
    if not sources.get(PAYMENTS.name):
        return {}
    view(con, sources, PAYMENTS.name)
    asked_for(con, applications)
    con.execute(MOVED)
    values = (*_partners(con, len(applications)), *_motifs(con, applications))
    con.execute("DROP TABLE moved")
    return {spec.name: column for spec, column in zip(TRANSFERS, values, strict=True)}


def _partners(con: Connection, n: int) -> tuple[np.ndarray, ...]:
    """Payees, payers, and the shares of partners on both sides, of the main one's transfers and of new ones, over twelve months."""
    found = per_application(fetch(con, PARTNERS, month=clock.BIN_DAYS, year=clock.YEAR_DAYS), n)
    paid, payers, both, partners, main, rows, new = found
    return paid, payers, divide(both, partners), divide(main, rows), divide(new, partners)


def _motifs(con: Connection, applications: pa.Table) -> tuple[np.ndarray, ...]:
    """Payers of the busiest payee, circles of three so far and those closed in the last month."""
    payer, payee, known = fetch(con, LINKS)
    people = np.unique(np.concatenate([payer, payee]))
    links = TransferLinks(
        np.searchsorted(people, payer), np.searchsorted(people, payee), known, len(people)
    )
    node, is_node = place(people, applications.column("applicant_id").to_numpy())
    as_of, circles = (
        applications.column("as_of").to_numpy()[is_node].astype("datetime64[us]").astype(np.int64),
        links.circles(),
    )
    ever = circles.before(node, as_of)
    values = (links.busiest_target(node, as_of), ever, ever - circles.before(node, as_of - MONTH))
    columns = tuple(np.zeros(len(is_node)) for _ in values)
    for column, value in zip(columns, values, strict=True):
        column[is_node] = value
    return columns
