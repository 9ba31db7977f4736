"""What the fairness audit asks: edges of red rows, age bands, segments. The types of fairness.yaml.

A measure that could not turn red would tell nothing: each has an edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# What a decision gives a person; the measures of the audit in the order of the report.
Outcome = Literal["decision", "tier", "limit", "price", "referral", "refusal"]
OUTCOMES: tuple[Outcome, ...] = ("decision", "tier", "limit", "price", "referral", "refusal")
# Among whom groups are compared: all who applied; people of like PD; those who are truly good; and
# loans seen to be good, weighted to the door, which somebody without the truth can have.
Basis = Literal["plain", "given_pd", "truly_good", "seen_good"]
BASES: tuple[Basis, ...] = ("plain", "given_pd", "truly_good", "seen_good")
# Fields of the audit in the order of the report; a field that the data do not have is left out.
# The segment is what a market makes of a person, the occupation is what the person says.
FIELDS = (
    "segment",
    "sex",
    "age_band",
    "region_tier",
    "occupation",
    "is_student",
    "thin_file",
    "is_repeat",
)


@dataclass(frozen=True)
class Bound:
    """A condition on one column of the matrix: from `at_least` on, and below `below`."""

    column: str
    at_least: float = float("-inf")
    below: float = float("inf")


@dataclass(frozen=True)
class MarketSegment:
    """A part of the market. A person belongs to the first whose bounds all hold."""

    name: str
    source: str
    when: tuple[Bound, ...]


@dataclass(frozen=True)
class Edge:
    """When a row is red: `measure` of a group against the best group lies beyond `value`.

    ratio: rate or mean of the group over that of the best one, below the value. points: rate of
    the group less that of the best one, above the value (a share).
    """

    outcome: Outcome
    measure: Literal["ratio", "points"]
    value: float
    source: str


@dataclass(frozen=True)
class FairnessRules:
    """The whole of fairness.yaml.

    age_edges: years at which an age band begins. pd_bands: bands of equal size in which people
    count as of like PD. watched_auc: AUC above which a proxy is named. edges: one per outcome.
    """

    age_edges: tuple[int, ...]
    pd_bands: int
    watched_auc: float
    proxies_named: int
    segments: tuple[MarketSegment, ...]
    other_segment: str
    edges: tuple[Edge, ...]

    def edge(self, outcome: Outcome) -> Edge:
        """Return the edge of an outcome."""
        return next(edge for edge in self.edges if edge.outcome == outcome)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of the matrix by which segments are told."""
        named = (bound.column for segment in self.segments for bound in segment.when)
        return tuple(dict.fromkeys(named))
