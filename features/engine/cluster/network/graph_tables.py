"""The graph of a month on a cluster: everybody's measures, links, messages, and who had refused.

The rules are those of `network.graph` and `network.graph_history`, written as joins.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .... import clock
from ....contract.tables import APPLICATIONS, CONTACTS, INTERACTIONS, LOAN_PERFORMANCE
from ....feature_params import FeatureError
from ....network import snapshot_tables as st
from ....network.graph_history import BAD_DPD_DAYS, LATE_DPD_DAYS
from ....network.network_features import SNAPSHOT
from ....network.snapshot_tables import SnapshotTable
from ....policy_inputs.consents import STATED
from .cluster_work import ClusterWork
from .graph_rounds import component_sizes, cores, ranks

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# Everybody who is named by a contact, at any time.
PEOPLE = """
SELECT applicant_id AS person FROM {contacts} WHERE known IS NOT NULL
UNION SELECT contact_id FROM {contacts} WHERE known IS NOT NULL
"""
# Of two statements of one moment the larger application id is the later one. A null is no consent.
REFUSED = """
SELECT applicant_id AS person FROM (
    SELECT applicant_id,
        max_by(coalesce({consent}, false), struct({stated}, application_id)) AS is_given
    FROM {{applications}}
    WHERE applicant_id IS NOT NULL AND {stated} < CAST({{first}} AS TIMESTAMP_NTZ)
    GROUP BY applicant_id
) WHERE NOT is_given
"""
LINKS = """
WITH contacts AS (
    SELECT * FROM {contacts}
    WHERE applicant_id <> contact_id AND known < CAST({first} AS TIMESTAMP_NTZ)
)
SELECT person, other, bool_or(lists) AS lists, bool_or(NOT lists) AS is_listed FROM (
    SELECT applicant_id AS person, contact_id AS other, true AS lists FROM contacts
    UNION ALL SELECT contact_id, applicant_id, false FROM contacts
) GROUP BY person, other
"""
# The links that measures are made of: of nobody who had refused.
EDGES = """
SELECT l.* FROM {links} AS l
LEFT ANTI JOIN {refused} AS mine ON l.person = mine.person
LEFT ANTI JOIN {refused} AS theirs ON l.other = theirs.person
"""
RECORD = """
SELECT applicant_id AS person, bool_or(dpd_days >= 0) AS has_loan,
    bool_or(dpd_days >= {late}) AS has_late,
    bool_or(dpd_days >= {bad}) AS has_default
FROM {performance} WHERE known < CAST({first} AS TIMESTAMP_NTZ) GROUP BY applicant_id
"""
NO_RECORD = (
    "SELECT person, false AS has_loan, false AS has_late, false AS has_default FROM {people} "
    "WHERE false"
)
MESSAGES = """
WITH sent AS (
    SELECT applicant_id, contact_id, n_messages FROM {interactions}
    WHERE contact_id <> applicant_id AND n_messages IS NOT NULL
        AND known >= CAST({since} AS TIMESTAMP_NTZ) AND known < CAST({first} AS TIMESTAMP_NTZ)
), either_side AS (
    SELECT applicant_id AS person, contact_id AS other, true AS is_sent, n_messages FROM sent
    UNION ALL SELECT contact_id, applicant_id, false, n_messages FROM sent
)
SELECT m.person, m.other, m.is_sent, CAST(sum(m.n_messages) AS DOUBLE) AS n_messages
FROM either_side AS m LEFT SEMI JOIN {people} AS p ON m.person = p.person
GROUP BY m.person, m.other, m.is_sent
"""
NO_MESSAGES = (
    "SELECT person, person AS other, true AS is_sent, 0D AS n_messages FROM {people} WHERE false"
)
# Measures of a person's own links.
DEGREES = """
SELECT person, count(*) AS degree, count_if(is_listed) AS in_degree, count_if(lists) AS out_degree,
    count_if(lists AND is_listed) AS mutual
FROM {edges} GROUP BY person
"""
# What is known of everybody with a link.
KNOWN_OF = """
SELECT d.person, d.degree, coalesce(r.has_loan, false) AS has_loan,
    coalesce(r.has_late, false) AS has_late, coalesce(r.has_default, false) AS has_default
FROM {degrees} AS d LEFT JOIN {record} AS r ON d.person = r.person
"""
AROUND = """
SELECT e.person, sum(k.degree) AS degree_sum, max(k.degree) AS degree_max,
    count_if(k.has_loan) AS loans, count_if(k.has_default) AS defaults,
    count_if(k.has_late) AS delays
FROM {edges} AS e JOIN {known} AS k ON e.other = k.person GROUP BY e.person
"""
# Everyone at a distance of exactly two, each once whatever the number of paths.
SECOND = """
WITH pairs AS (
    SELECT DISTINCT mine.person, theirs.other
    FROM {edges} AS mine JOIN {edges} AS theirs ON mine.other = theirs.person
    WHERE mine.person <> theirs.other
), second AS (
    SELECT p.* FROM pairs AS p
    LEFT ANTI JOIN {edges} AS e ON p.person = e.person AND p.other = e.other
)
SELECT s.person, count(*) AS second, count_if(k.has_loan) AS loans,
    count_if(k.has_default) AS defaults, count_if(k.has_late) AS delays
FROM second AS s JOIN {known} AS k ON s.other = k.person GROUP BY s.person
"""
# Each link once, from the end with fewer links to the other; of equal ends the smaller id is first.
# So even the busiest person begins few of them, and a triangle is found from its first corner.
RISING = """
SELECT low, high, high_degree FROM (
    SELECT e.person AS low, e.other AS high, mine.degree AS low_degree, its.degree AS high_degree
    FROM {edges} AS e JOIN {degrees} AS mine ON e.person = mine.person
    JOIN {degrees} AS its ON e.other = its.person
) WHERE struct(low_degree, low) < struct(high_degree, high)
"""
TRIANGLES = """
WITH wedges AS (
    SELECT a.low, a.high AS middle, b.high AS far
    FROM {rising} AS a JOIN {rising} AS b ON a.low = b.low
    WHERE struct(a.high_degree, a.high) < struct(b.high_degree, b.high)
), closed AS (
    SELECT explode(array(w.low, w.middle, w.far)) AS person
    FROM wedges AS w JOIN {rising} AS r ON w.middle = r.low AND w.far = r.high
)
SELECT person, count(*) AS triangles FROM closed GROUP BY person
"""
STRENGTH = """
WITH ties AS (
    SELECT m.person, m.other, sum(if(m.is_sent, m.n_messages, 0D)) AS sent,
        sum(if(m.is_sent, 0D, m.n_messages)) AS received
    FROM {messages} AS m LEFT ANTI JOIN {refused} AS r ON m.other = r.person
    GROUP BY m.person, m.other
)
SELECT person, sum(received) AS received, sum(sent + received) AS total,
    max(sent + received) AS strongest,
    sum(if(sent > 0 AND received > 0, sent + received, 0D)) AS answered
FROM ties GROUP BY person
"""
# table: measures by the name that the declarations give them; where there is none, a count is 0
MEASURED = {
    "in_degree": "coalesce(d.in_degree, 0)",
    "degree": "coalesce(d.degree, 0)",
    "mutual_share": "d.mutual / nullif(d.out_degree, 0)",
    "neighbour_degree_mean": "a.degree_sum / d.degree",
    "neighbour_degree_max": "a.degree_max",
    "core_number": "coalesce(c.value, 0)",
    "pagerank_ratio": "coalesce(rank.rank, 0)",
    "component_share": "coalesce(size.size / {members}, 0)",
    # Each triangle links its two other corners both ways.
    "clustering_share": "2 * coalesce(t.triangles, 0) / nullif(d.degree * (d.degree - 1), 0)",
    "second_count": "coalesce(s.second, 0)",
    "in_messages_count": "coalesce(m.received, 0)",
    "strength_count": "coalesce(m.total, 0)",
    "strongest_tie_share": "m.strongest / nullif(m.total, 0)",
    "answered_share": "m.answered / nullif(m.total, 0)",
    "neighbour_loan_count": "coalesce(a.loans, 0)",
    "neighbour_default_count": "coalesce(a.defaults, 0)",
    "neighbour_default_share": "a.defaults / nullif(a.loans, 0)",
    "neighbour_late_share": "a.delays / nullif(a.loans, 0)",
    "second_loan_count": "coalesce(s.loans, 0)",
    "second_default_count": "coalesce(s.defaults, 0)",
    "second_default_share": "s.defaults / nullif(s.loans, 0)",
    "second_late_share": "s.delays / nullif(s.loans, 0)",
}
# Whoever had refused is in no network: all measures are null.
GRAPH = """
SELECT p.person, h.person IS NOT NULL AS is_hidden, coalesce(r.has_loan, false) AS has_loan,
    coalesce(r.has_late, false) AS has_late, coalesce(r.has_default, false) AS has_default,
    {values}
FROM {{people}} AS p
LEFT JOIN {{refused}} AS h ON p.person = h.person
LEFT JOIN {{record}} AS r ON p.person = r.person
LEFT JOIN {{degrees}} AS d ON p.person = d.person
LEFT JOIN {{around}} AS a ON p.person = a.person
LEFT JOIN {{second}} AS s ON p.person = s.person
LEFT JOIN {{triangles}} AS t ON p.person = t.person
LEFT JOIN {{strength}} AS m ON p.person = m.person
LEFT JOIN {{ranks}} AS rank ON p.person = rank.person
LEFT JOIN {{cores}} AS c ON p.person = c.person
LEFT JOIN {{sizes}} AS size ON p.person = size.person
"""


def graph_tables(work: ClusterWork) -> Iterator[tuple[SnapshotTable, DataFrame]]:
    """Yield the tables of the graph, in no order of rows.

    Raises FeatureError for a measure that is declared and that no query here makes.
    """
    specs = _specs()
    contacts = work.events(CONTACTS.name)
    people = work.kept("people", work.sql(PEOPLE, contacts=contacts))
    refused = work.kept("refused", _refused(work))
    links = work.sql(LINKS, contacts=contacts, first=work.moment())
    links = work.kept("links", links)
    messages = work.kept("messages", _messages(work, people))
    record = work.kept("record", _record(work, people))
    edges = work.kept("edges", work.sql(EDGES, links=links, refused=refused))
    parts = _measures(work, edges, record)
    parts["strength"] = work.sql(STRENGTH, messages=messages, refused=refused)
    # Of people with a link: the others are not part of the network.
    members = max(1, work.count(parts["degrees"]))
    values = ", ".join(
        f"CASE WHEN h.person IS NULL THEN CAST({one} AS DOUBLE) END AS {name}"
        for name, one in specs.items()
    ).format(members=members)
    query = GRAPH.format(values=values)
    yield st.GRAPH, work.sql(query, people=people, refused=refused, record=record, **parts)
    yield st.REFUSED, refused
    yield st.LINKS, links
    yield st.MESSAGES, messages


def _specs() -> dict[str, str]:
    """Return the query of each feature of the graph, by name."""
    unknown = [spec.measure for spec in SNAPSHOT if spec.measure not in MEASURED]
    if unknown:
        raise FeatureError(
            f"network snapshot: expected measures that Spark makes, got {unknown}, which only the "
            "embedded engine makes; run without --engine spark"
        )
    return {spec.name: MEASURED[spec.measure] for spec in SNAPSHOT}


def _refused(work: ClusterWork) -> DataFrame:
    rows = work.raw(APPLICATIONS.name)
    stated = STATED if STATED in rows.columns else "as_of"
    query = REFUSED.format(consent=CONTACTS.consent, stated=stated)
    return work.sql(query, applications=rows, first=work.moment())


def _messages(work: ClusterWork, people: DataFrame) -> DataFrame:
    if not work.sources.get(INTERACTIONS.name):
        return work.sql(NO_MESSAGES, people=people)
    rows = work.events(INTERACTIONS.name)
    since = work.moment(months=clock.N_MONTHS)
    return work.sql(MESSAGES, interactions=rows, people=people, since=since, first=work.moment())


def _record(work: ClusterWork, people: DataFrame) -> DataFrame:
    if not work.sources.get(LOAN_PERFORMANCE.name):
        return work.sql(NO_RECORD, people=people)
    rows = work.events(LOAN_PERFORMANCE.name)
    days = {"late": LATE_DPD_DAYS, "bad": BAD_DPD_DAYS}
    return work.sql(RECORD, performance=rows, first=work.moment(), **days)


def _measures(work: ClusterWork, edges: DataFrame, record: DataFrame) -> dict[str, DataFrame]:
    """Return the measures of everybody with a link, by the name that GRAPH gives each frame."""
    degrees = work.kept("degrees", work.sql(DEGREES, edges=edges))
    known = work.kept("known", work.sql(KNOWN_OF, degrees=degrees, record=record))
    rising = work.kept("rising", work.sql(RISING, edges=edges, degrees=degrees))
    second = work.sql(SECOND, edges=edges, known=known)
    # table: the frames of GRAPH
    return {
        "degrees": degrees,
        "around": work.sql(AROUND, edges=edges, known=known),
        "second": work.kept("second", second),
        "triangles": work.kept("triangles", work.sql(TRIANGLES, rising=rising)),
        "ranks": ranks(work, edges),
        "cores": cores(work, edges),
        "sizes": component_sizes(work, edges),
    }
