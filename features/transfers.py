"""Transfers between applicants at as_of: how many partners on either side, how new, and circles in which money comes back (domain 7.4).

A transfer counts from the moment at which it has happened and is known. Both accounts may state the same one: pair and time tell it.
A partner need not have applied; transfers to oneself drop out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from . import clock
from .cube import divide
from .motifs import Links
from .reader import Sources, require
from .shared import asked_for, recent
from .snapshot import TRANSFERS
from .tables import PAYMENTS
from .timeline import place

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

MONTH = np.timedelta64(clock.BIN_DAYS * clock.MICROS_PER_DAY, "us")


def transfers(con: Backend, sources: Sources, applications: pa.Table) -> dict[str, np.ndarray]:
    """Every transfer feature of every application, in the order given; nothing without a payments table."""
    import ibis

    if not sources.get(PAYMENTS.name):
        return {}
    con.con.execute(f"CREATE TEMP TABLE transfers AS {ibis.to_sql(_moved(con, sources), dialect='duckdb')}")
    moved = con.table("transfers")
    values = (*_partners(moved, asked_for(con, applications), len(applications)), *_motifs(moved, applications))
    con.con.execute("DROP TABLE transfers")
    return {spec.name: column for spec, column in zip(TRANSFERS, values, strict=True)}


def _moved(con: Backend, sources: Sources) -> ir.Table:
    """Payer, payee, event_time and known_time of each transfer, once."""
    import ibis

    rows = con.read_parquet(require(sources, PAYMENTS.name), table_name="transfer_payments")
    rows = rows.filter(rows.counterparty_id.notnull() & (rows.counterparty_id != rows.applicant_id))
    rows = rows.filter(rows.event_time.notnull() & rows.known_time.notnull() & rows.direction.isin(["in", "out"]))
    payer, payee = (ibis.ifelse(rows.direction == way, rows.applicant_id, rows.counterparty_id) for way in ("out", "in"))
    return rows.group_by(payer=payer, payee=payee, event_time=rows.event_time).agg(known_time=rows.known_time.min())


def _partners(moved: ir.Table, asked: ir.Table, n: int) -> tuple[np.ndarray, ...]:
    """Payees, payers, and the shares of partners on both sides, of the main one's transfers and of new ones, over twelve months."""
    import ibis

    times = ("event_time", "known_time")
    paid = moved.select(*times, applicant_id=moved.payer, other=moved.payee, is_paid=ibis.literal(1), is_payer=ibis.literal(0))
    got = moved.select(*times, applicant_id=moved.payee, other=moved.payer, is_paid=ibis.literal(0), is_payer=ibis.literal(1))
    seen = recent(paid.union(got).inner_join(asked, "applicant_id"), clock.YEAR_DAYS)
    is_new = seen.event_time.min() >= seen.as_of.max() - ibis.interval(days=clock.BIN_DAYS)
    each = seen.group_by("at", "other").agg(
        paid=seen.is_paid.max(), payer=seen.is_payer.max(), rows=seen.count(), is_new=is_new.cast("int8")
    )
    sums = {
        "paid": each.paid.sum(), "payer": each.payer.sum(), "both": (each.paid * each.payer).sum(), "all": each.count(),
        "main": each.rows.max(), "rows": each.rows.sum(), "new": each.is_new.sum(),
    }  # fmt: skip
    table, found = each.group_by("at").agg(**sums).to_pyarrow(), {name: np.zeros(n) for name in sums}
    for name in sums:
        found[name][table.column("at").to_numpy()] = table.column(name).to_numpy()
    shares = (divide(found[top], found[bottom]) for top, bottom in (("both", "all"), ("main", "rows"), ("new", "all")))
    return found["paid"], found["payer"], *shares


def _motifs(moved: ir.Table, applications: pa.Table) -> tuple[np.ndarray, ...]:
    """Payers of the busiest payee, circles of three so far and those closed in the last month."""
    import ibis

    rows = moved.mutate(known=ibis.greatest(moved.event_time, moved.known_time)).group_by("payer", "payee")
    payer, payee, known = (column.to_numpy() for column in rows.agg(known=lambda t: t.known.min()).to_pyarrow().columns)
    people = np.unique(np.concatenate([payer, payee]))
    links = Links(np.searchsorted(people, payer), np.searchsorted(people, payee), known, len(people))
    node, is_node = place(people, applications.column("applicant_id").to_numpy())
    as_of, circles = applications.column("as_of").to_numpy()[is_node], links.circles()
    ever = circles.before(node, as_of)
    values = (links.busiest_target(node, as_of), ever, ever - circles.before(node, as_of - MONTH))
    columns = tuple(np.zeros(len(is_node)) for _ in values)
    for column, value in zip(columns, values, strict=True):
        column[is_node] = value
    return columns
