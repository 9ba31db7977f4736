"""Measures of a network that take rounds: rank, core, component. Each is exact.

`edges` has (person, other) from either side, once, without loops. Values are those of
`network.graph_measures`: the sums of a rank go by the number of the neighbour, as its do, so they
have the same bits in any cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....network.graph_measures import DAMPING, PAGERANK_ROUNDS
from .cluster_work import ClusterWork

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# `share` is what each neighbour receives. Degrees are numbers of rows, as edges stand once.
FIRST_RANK = "SELECT person, 1D AS rank, 1D / count(*) AS share FROM {edges} GROUP BY person"
# A sum over floats depends on its order: here it is that of the neighbours' ids.
RANK = """
SELECT person, rank, rank / degree AS share FROM (
    SELECT e.person, count(*) AS degree, double({base}) + double({damping}) * aggregate(
        array_sort(collect_list(struct(e.other, r.share))), 0D, (total, one) -> total + one.share
    ) AS rank
    FROM {edges} AS e JOIN {ranks} AS r ON e.other = r.person GROUP BY e.person
)
"""
# The core number is what is left when each node takes, again and again, the largest h of which h
# neighbours have h or more, and begins with its degree (Montresor and others 2013, Lu and others
# 2016).
FIRST_CORE = "SELECT person, count(*) AS value FROM {edges} GROUP BY person"
CORE = """
SELECT person, CAST(size(filter(
    sort_array(collect_list(value), false), (one, place) -> one > place
)) AS BIGINT) AS value
FROM (
    SELECT e.person, c.value FROM {edges} AS e JOIN {cores} AS c ON e.other = c.person
) GROUP BY person
"""
# Components of people who are in groups. A label is the least person that was heard of, first in
# one's groups, then by that person's own label: so a chain of n takes about log n rounds.
FIRST_LABEL = "SELECT DISTINCT person, person AS value FROM {pairs}"
LABEL = """
WITH least AS (
    SELECT p.group, min(l.value) AS value
    FROM {pairs} AS p JOIN {labels} AS l ON p.person = l.person GROUP BY p.group
)
SELECT p.person, min(least.value) AS value
FROM {pairs} AS p JOIN least ON p.group = least.group GROUP BY p.person
"""
JUMP = """
SELECT mine.person, its.value
FROM {labels} AS mine JOIN {labels} AS its ON mine.value = its.person
"""
SIZES = """
SELECT l.person, s.size
FROM {labels} AS l JOIN (
    SELECT value, count(*) AS size FROM {labels} GROUP BY value
) AS s ON l.value = s.value
"""
# A neighbourhood is a group, the person in its middle a member of it.
NEIGHBOURHOODS = """
SELECT person, other AS group FROM {edges}
UNION ALL SELECT DISTINCT person, person FROM {edges}
"""


def ranks(work: ClusterWork, edges: DataFrame) -> DataFrame:
    """Return (person, rank): `graph_measures.pagerank` of everybody with an edge."""
    # As texts of all digits: a number in a query would be a decimal.
    constants = {"base": repr(1.0 - DAMPING), "damping": repr(DAMPING)}

    def step(ranks: DataFrame) -> DataFrame:
        return work.sql(RANK, edges=edges, ranks=ranks, **constants)

    return work.rounds("ranks", work.sql(FIRST_RANK, edges=edges), step, PAGERANK_ROUNDS)


def cores(work: ClusterWork, edges: DataFrame) -> DataFrame:
    """Return (person, value): `graph_measures.core_numbers` of everybody with an edge.

    It takes some ten rounds in a network of people, and half its length in a mere chain.
    """

    def step(cores: DataFrame) -> DataFrame:
        return work.sql(CORE, edges=edges, cores=cores)

    return work.until_still("cores", work.sql(FIRST_CORE, edges=edges), step)


def components(work: ClusterWork, name: str, pairs: DataFrame) -> DataFrame:
    """Return (person, size): the people in each person's component of people and groups.

    `pairs` has (person, group); `name` is that of what is kept.
    """

    def step(labels: DataFrame) -> DataFrame:
        work.forget(f"{name}-heard")
        heard = work.kept(f"{name}-heard", work.sql(LABEL, pairs=pairs, labels=labels))
        return work.sql(JUMP, labels=heard)

    labels = work.until_still(name, work.sql(FIRST_LABEL, pairs=pairs), step)
    return work.sql(SIZES, labels=labels)


def component_sizes(work: ClusterWork, edges: DataFrame) -> DataFrame:
    """Return (person, size) of everybody with an edge, as `components`."""
    pairs = work.kept("neighbourhoods", work.sql(NEIGHBOURHOODS, edges=edges))
    return components(work, "components", pairs)
