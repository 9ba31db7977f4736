"""Published facts on consumer credit that a simulated world is shown beside (world/published.yaml).

A fact is shown and never judged: another country, product or year gives another figure. Claims, by
which the world is judged, stand in world/claims.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FactTopic = Literal["arrears", "default", "ranking", "definition"]


@dataclass(frozen=True)
class PublishedFact:
    """One published figure.

    - `beside`: id of the figure of this world that stands beside it; "" where none does.
    - `low` and `high`: the figure, or its range, in `unit` as published; equal for one figure.
    - `source` and `year`: who published it, where, and when.
    - `caution`: in what it differs from the figure of this world.
    """

    id: str
    topic: FactTopic
    what: str
    low: float
    high: float
    unit: str
    source: str
    year: int
    beside: str
    caution: str

    def __post_init__(self) -> None:
        """Raise ValueError for a range that is upside down."""
        if self.low > self.high:
            raise ValueError(
                f"fact `{self.id}`: expected low <= high, got {self.low} and {self.high}; swap them"
            )


@dataclass(frozen=True)
class PublishedFacts:
    """The whole of world/published.yaml."""

    facts: tuple[PublishedFact, ...]
