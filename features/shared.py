"""How many applicants are seen on one device or address: policy inputs that look at other people's logins (FR10, S1-R52).

Like the graph, this is made once for all applications, before the buckets; the kernel keeps it out of the features. Only identifiers that
two people ever share are joined, so its cost is one pass over the logins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from . import clock
from .reader import Sources, require
from .tables import LOGINS

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

SHARED = {"device_applicants_30d": ("device_id", ""), "ip_applicants_30d": ("ip_id", "consent_location")}
"""Policy input to the identifier that people share, and the further consent that it needs."""
DAYS = 30


def applicants_per_identifier(con: Backend, sources: Sources, applications: pa.Table) -> dict[str, np.ndarray]:
    """Per application, in the order given: most applicants that one of its identifiers of the last 30 days was seen with in that time.

    The applicant counts; whoever shares nothing has 1. Nothing without a logins table; null without consent comes later, in the kernel.
    """
    if not sources.get(LOGINS.name):
        return {}
    asked, n = asked_for(con, applications), len(applications)
    return {name: _most(seen_with(shared_logins(con, sources, column), asked), n) for name, (column, _) in SHARED.items()}


def asked_for(con: Backend, applications: pa.Table) -> ir.Table:
    """The applications as a table of the engine: applicant_id, as_of and `at`, their place in the order given."""
    asked = applications.select(["applicant_id", "as_of"]).append_column("at", pa.array(np.arange(len(applications), dtype=np.int64)))
    con.con.register("asked", asked)
    return con.table("asked")


def shared_logins(con: Backend, sources: Sources, column: str) -> ir.Table:
    """Logins with an identifier that two people ever share: applicant_id, event_time, known_time, identifier. Found once per connection."""
    import ibis

    logins = con.read_parquet(require(sources, LOGINS.name), table_name="shared_logins")
    rows = logins.filter(logins[column].notnull()).select("applicant_id", "event_time", "known_time", identifier=column)
    users = rows.group_by("identifier").agg(first=rows.applicant_id.min(), last=rows.applicant_id.max())
    shared = rows.semi_join(users.filter(users.first != users.last), "identifier")
    con.con.execute(f"CREATE TEMP TABLE IF NOT EXISTS shared_{column} AS {ibis.to_sql(shared, dialect='duckdb')}")
    return con.table(f"shared_{column}")


def seen_with(rows: ir.Table, asked: ir.Table) -> ir.Table:
    """Logins of the last 30 days by anybody on an identifier that the applicant used in them, with `at` and the applicant as `own`."""
    own = recent(rows.inner_join(asked, "applicant_id"), DAYS)
    own = own.select("at", "as_of", "identifier", own=own.applicant_id).distinct()
    return recent(rows.inner_join(own, "identifier"), DAYS)


def recent(rows: ir.Table, days: int) -> ir.Table:
    """Rows that are visible at `as_of` and not older than so many days."""
    import ibis

    seen = rows.filter(clock.visible(rows.event_time, rows.known_time, rows.as_of))
    return seen.filter(seen.event_time >= seen.as_of - ibis.interval(days=days))


def _most(seen: ir.Table, n: int) -> np.ndarray:
    people = seen.group_by("at", "identifier").agg(people=seen.applicant_id.nunique()).group_by("at")
    table = people.agg(most=lambda t: t.people.max()).to_pyarrow()
    most = np.ones(n)
    most[table.column("at").to_numpy()] = table.column("most").to_numpy()
    return most
