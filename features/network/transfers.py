"""Transfers between applicants at as_of: partners on either side, how new, and circles of money.

A circle brings money back to its sender (domain 7.4). A transfer counts from the moment at which it
has happened and is known. Both accounts may list the same transfer: the two people and the time
identify it. A partner need not have applied. Transfers to oneself drop out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from .. import clock
from ..aggregates.event_columns import divide
from ..contract.tables import PAYMENTS
from ..declare.declarations import FeatureSpec
from ..engine.raw_reader import RawFiles, fetch, view
from ..policy_inputs.device_counts import per_application, register_requests
from . import graph_measures
from .graph_history import positions_in
from .graph_measures import rows_of, starts_of
from .network_features import OF_OTHERS, TRANSFERS

if TYPE_CHECKING:
    from ..engine.raw_reader import Connection


# A directed network that grows: each pair is linked from one moment on, and a measure at a moment
# knows only the links before it.


class Moments:
    """Moments (integers) of each of n nodes, to be counted up to any other moment."""

    def __init__(self, node: np.ndarray, moment: np.ndarray, n: int) -> None:
        # By node, then by moment: a measure reads the links before its own as one slice.
        order = np.lexsort((moment, node))
        self.moment = moment[order]
        self.start = starts_of(node, n)

    def before(self, node: np.ndarray, moment: np.ndarray) -> np.ndarray:
        """Return how many of each node's moments lie before the one asked for."""
        return graph_measures.before(self.start, self.moment, node, moment)


class TransferLinks:
    """Directed links among n nodes, sorted by (source, target), without loops.

    Each pair stands once, with the moment from which it is known.
    """

    def __init__(self, source: np.ndarray, target: np.ndarray, known: np.ndarray, n: int) -> None:
        order = np.argsort(source * n + target)
        self.target = target[order]
        self.known = known[order]
        self.n = n
        self.start = starts_of(source, n)

    def busiest_target(self, node: np.ndarray, moment: np.ndarray) -> np.ndarray:
        """Return the most sources that any target of each node has; 0 without a target.

        Links count that are known before the node's moment.
        """
        at, row = rows_of(self.start, node)
        is_known = self.known[row] < moment[at]
        at = at[is_known]
        target = self.target[row[is_known]]
        sources = Moments(self.target, self.known, self.n).before(target, moment[at])
        most = np.zeros(len(node))
        np.maximum.at(most, at, sources)
        return most

    def circles(self) -> Moments:
        """Return circles of three links, by corner: the moment from which all three are known."""
        circles = graph_measures.circles(self.start, self.target, self.known)
        corners = circles[:, :3].ravel()
        known = np.repeat(circles[:, 3], 3)
        return Moments(corners, known, self.n)


MONTH = clock.BIN_DAYS * clock.MICROS_PER_DAY
# So many of TRANSFERS, the first ones, are about partners; the others are about circles.
N_OF_PARTNERS = 5

# Each transfer once, by payer, payee and event_time.
MOVED = """
CREATE OR REPLACE TEMP TABLE moved AS
SELECT
    if(direction = 'out', applicant_id, counterparty_id) AS payer,
    if(direction = 'in', applicant_id, counterparty_id) AS payee,
    event_time,
    min(known_time) AS known_time
FROM payments
WHERE
    counterparty_id <> applicant_id AND direction IN ('in', 'out')
    AND event_time IS NOT NULL AND known_time IS NOT NULL
GROUP BY ALL
"""

# Partners of each application within a year: payees, payers, both, all, transfers with the main
# one, transfers, and new partners.
PARTNERS = """
WITH either_side AS (
    SELECT payer AS applicant_id, payee AS other, true AS is_paid, * EXCLUDE (payer, payee)
    FROM moved
    UNION ALL SELECT payee, payer, false, * EXCLUDE (payer, payee) FROM moved
), each AS (
    SELECT
        place, other, max(is_paid::INT) AS paid, max((NOT is_paid)::INT) AS payer, count(*) AS n,
        min(event_time) >= max(as_of) - to_days($month) AS is_new
    FROM either_side JOIN requests USING (applicant_id)
    WHERE sees(event_time, known_time, as_of, $year) GROUP BY place, other
)
SELECT
    place, sum(paid)::INT, sum(payer)::INT, sum(paid * payer)::INT, count(*), max(n),
    sum(n)::BIGINT, count(*) FILTER (is_new)
FROM each GROUP BY place
"""

LINKS = """
SELECT payer, payee, epoch_us(min(known_from(event_time, known_time))) FROM moved GROUP BY ALL
"""


def transfers(
    con: Connection,
    sources: RawFiles,
    applications: pa.Table,
    wanted: Collection[str] = OF_OTHERS,
) -> dict[str, np.ndarray]:
    """Return every transfer feature that is wanted of every application, in the order given.

    There is nothing without a payments table.
    """
    if not sources.get(PAYMENTS.name) or not any(spec.name in wanted for spec in TRANSFERS):
        return {}
    view(con, sources, PAYMENTS.name)
    con.execute(MOVED)
    columns = of_moved(con, applications, wanted)
    # Dropped, as the buckets need its memory.
    con.execute("DROP TABLE moved")
    return columns


def of_moved(
    con: Connection, applications: pa.Table, wanted: Collection[str]
) -> dict[str, np.ndarray]:
    """Return the transfer features that are wanted, of the table `moved`."""
    columns: dict[str, np.ndarray] = {}
    if any(spec.name in wanted for spec in TRANSFERS[:N_OF_PARTNERS]):
        columns |= of_partners(con, applications)
    if any(spec.name in wanted for spec in TRANSFERS[N_OF_PARTNERS:]):
        people, links = transfer_links(con)
        columns |= of_links(people, links, links.circles(), applications)
    return columns


def of_partners(con: Connection, applications: pa.Table) -> dict[str, np.ndarray]:
    """Return the features of partners of the last year, of the table `moved`."""
    register_requests(con, applications)
    return _named(TRANSFERS[:N_OF_PARTNERS], _partners(con, len(applications)))


def of_links(
    people: np.ndarray, links: TransferLinks, circles: Moments, applications: pa.Table
) -> dict[str, np.ndarray]:
    """Return the transfer features of links and circles; node k of both is person `people[k]`."""
    values = _circles(people, links, circles, applications)
    return _named(TRANSFERS[N_OF_PARTNERS:], values)


def transfer_links(con: Connection) -> tuple[np.ndarray, TransferLinks]:
    """Return the people of the table `moved`, sorted, and who pays whom among them since when."""
    payer, payee, known = fetch(con, LINKS)
    people = np.unique(np.concatenate([payer, payee]))
    source = np.searchsorted(people, payer)
    target = np.searchsorted(people, payee)
    return people, TransferLinks(source=source, target=target, known=known, n=len(people))


def _named(specs: Sequence[FeatureSpec], values: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    return {spec.name: column for spec, column in zip(specs, values, strict=True)}


def _partners(con: Connection, n: int) -> tuple[np.ndarray, ...]:
    """Return payees, payers, and three shares, over twelve months.

    The shares are those of partners on both sides, of transfers with the main partner, and of new
    partners.
    """
    counts = fetch(con, PARTNERS, month=clock.BIN_DAYS, year=clock.YEAR_DAYS)
    payees, payers, both, partners, main, n_transfers, new = per_application(counts, n)
    return (
        payees,
        payers,
        divide(both, partners),
        divide(main, n_transfers),
        divide(new, partners),
    )


def _circles(
    people: np.ndarray, links: TransferLinks, circles: Moments, applications: pa.Table
) -> tuple[np.ndarray, ...]:
    """Return payers of the busiest payee, circles of three so far, and those of the last month."""
    node, is_node = positions_in(people, applications.column("applicant_id").to_numpy())
    as_of = applications.column("as_of").to_numpy()[is_node]
    as_of_micros = as_of.astype("datetime64[us]").astype(np.int64)
    ever = circles.before(node, as_of_micros)
    of_last_month = ever - circles.before(node, as_of_micros - MONTH)
    of_nodes = (links.busiest_target(node, as_of_micros), ever, of_last_month)
    # Applicants without a transfer have 0.
    columns = tuple(np.zeros(len(is_node)) for _ in of_nodes)
    for column, values in zip(columns, of_nodes, strict=True):
        column[is_node] = values
    return columns
