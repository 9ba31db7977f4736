"""How many applicants are seen on one device or address: policy inputs that look at other people's logins (FR10, S1-R52).

Like the graph, this is made once for all applications, before the buckets; the kernel keeps it out of the features. Only identifiers that
two people ever share are joined, so its cost is one pass over the logins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from . import clock
from .reader import Sources
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
    asked = applications.select(["applicant_id", "as_of"]).append_column("at", pa.array(np.arange(len(applications), dtype=np.int64)))
    con.con.register("shared_asked", asked)
    logins = con.read_parquet([str(path) for path in sources[LOGINS.name]], table_name="shared_logins")
    found = {name: _most(con, logins, column, len(asked)) for name, (column, _) in SHARED.items()}
    con.con.unregister("shared_asked")
    return found


def _most(con: Backend, logins: ir.Table, column: str, n: int) -> np.ndarray:
    rows = logins.filter(logins[column].notnull()).select("applicant_id", "event_time", "known_time", identifier=column)
    users = rows.group_by("identifier").agg(first=rows.applicant_id.min(), last=rows.applicant_id.max())
    rows = rows.semi_join(users.filter(users.first != users.last), "identifier")
    asked = con.table("shared_asked")
    own = _recent(rows.inner_join(asked, "applicant_id")).select("at", "as_of", "identifier").distinct()
    seen = _recent(rows.inner_join(own, "identifier"))
    people = seen.group_by("at", "identifier").agg(people=seen.applicant_id.nunique()).group_by("at")
    table = people.agg(most=lambda t: t.people.max()).to_pyarrow()
    most = np.ones(n)
    most[table.column("at").to_numpy()] = table.column("most").to_numpy()
    return most


def _recent(rows: ir.Table) -> ir.Table:
    import ibis

    seen = rows.filter(clock.visible(rows.event_time, rows.known_time, rows.as_of))
    return seen.filter(seen.event_time >= seen.as_of - ibis.interval(days=DAYS))
