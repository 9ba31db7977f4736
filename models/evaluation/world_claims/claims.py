"""Compares the simulated world with world/claims.yaml: the table of claims.

A claim is met, missed, or withdrawn with its reason. A claim that needs another run than the one at
hand is neither met nor missed here: `make claims` measures it. Nothing excuses a miss.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pandas as pd

from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure, ClaimSample
from creditloom.models.evaluation.world_claims.measures import (
    MEASURES,
    NOT_BUILT,
    OTHER_RUN,
    WITHOUT_EVENTS,
)

ClaimGroup = Literal[
    "events",
    "risk",
    "delinquency",
    "history",
    "incumbent",
    "economy",
    "people",
    "filters",
    "units",
    "switches",
    "book",
    "withdrawn",
]
# 0.85 + 0.15 is not 1 to the last bit: a figure at the very edge meets its claim.
ROUNDING = 1e-12
# What a claim can be. The last three are neither met nor missed.
MET = "met"
MISSED = "missed"
WITHDRAWN = "withdrawn"
ELSEWHERE = "measured by `make claims`"
LATER = "not measured yet"
NO_FIGURE = "no figure in this run"


@dataclass(frozen=True)
class Claim:
    """A number that the simulated data shall have.

    - `source`: a rule, a section of docs/domain, a published text, or "choice" with its reason.
    - `what`: what is counted. `data`: what it is counted on; empty for the default world.
    - `unit` is empty for a share, a rate or a correlation.
    - Either `target` and `tolerance`, or `at_least`, or `at_most`. Raises ValueError otherwise.
    - `withdrawn`: why the claim no longer stands; empty for one that does.
    """

    id: str
    group: ClaimGroup
    source: str
    what: str
    target: float | None = None
    tolerance: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""
    data: str = ""
    withdrawn: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError unless the claim has exactly one kind of bound."""
        given = (self.target, self.tolerance, self.at_least, self.at_most)
        kinds = ((True, True, False, False), (False, False, True, False), (False,) * 3 + (True,))
        if tuple(number is not None for number in given) not in kinds:
            raise ValueError(
                f"claim `{self.id}`: expected `target` with `tolerance`, or `at_least`, or "
                f"`at_most`, got {given}; give one of the three"
            )

    @property
    def bound(self) -> str:
        """Return what the figure shall be, in words that a table can hold."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return f"{self.target:g} ± {self.tolerance:g}"

    def holds(self, value: float, allowance: float = 0.0) -> bool:
        """Return whether a figure meets the claim. A figure that is NaN does not.

        `allowance`: how far beyond the bound a figure may lie, as that of a small sample.
        """
        if self.at_least is not None:
            return value >= self.at_least - allowance
        if self.at_most is not None:
            return value <= self.at_most + allowance
        # The constructor has made sure of both.
        assert self.target is not None
        assert self.tolerance is not None
        return abs(value - self.target) <= self.tolerance + allowance + ROUNDING


@dataclass(frozen=True)
class ClaimsChange:
    """One change of claims.yaml: the version it made, the claims it touches, and why."""

    version: int
    claims: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Claims:
    """The whole of claims.yaml."""

    version: int
    changes: tuple[ClaimsChange, ...]
    claims: tuple[Claim, ...]


def table(
    claims: Claims,
    sample: ClaimSample,
    larger: ClaimSample | None = None,
    others: Mapping[str, ClaimFigure] | None = None,
) -> pd.DataFrame:
    """Return one row per claim, in the order of claims.yaml.

    `larger` is a sample of more people without raw events, for the claims that need none. `others`
    are figures that were measured elsewhere, as on the decisions of another product, by claim.

    Columns: id, group, what, data, source, unit, bound, found, n, verdict, withdrawn. found and n
    are null without a figure; withdrawn is the reason of a withdrawn claim, else "".
    """
    rows = []
    for claim in claims.claims:
        is_without = larger is not None and claim.id in WITHOUT_EVENTS
        figure = _figure(claim, larger if is_without else sample)
        rows.append(_row(claim, figure or (others or {}).get(claim.id)))
    # Types that can hold a null.
    return pd.DataFrame(rows).astype({"n": "Int64", "found": "float64"})


def _figure(claim: Claim, sample: ClaimSample | None) -> ClaimFigure | None:
    measure = MEASURES.get(claim.id)
    return None if measure is None or sample is None or claim.withdrawn else measure(sample)


def _row(claim: Claim, figure: ClaimFigure | None) -> dict[str, Any]:
    """Return the row of one claim."""
    words = asdict(claim)
    # table: columns of the table of claims
    return {
        **{name: words[name] for name in ("id", "group", "what", "data", "source", "unit")},
        "bound": claim.bound,
        "found": None if figure is None else figure.value,
        "n": None if figure is None else figure.n,
        "verdict": _verdict(claim, figure),
        "withdrawn": claim.withdrawn,
    }


def _verdict(claim: Claim, figure: ClaimFigure | None) -> str:
    if claim.withdrawn:
        return WITHDRAWN
    if figure is not None:
        return MET if claim.holds(figure.value) else MISSED
    if claim.id in OTHER_RUN:
        return ELSEWHERE
    return LATER if claim.id in NOT_BUILT else NO_FIGURE


def summary(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the block `claims` of metrics.json: how many of each verdict, and every figure.

    `rows` is the `table`. A figure is null where this run has none.
    """
    counts = rows["verdict"].value_counts()
    # table: what metrics.json says of each claim
    figures = {
        str(row["id"]): {
            "found": None if pd.isna(row["found"]) else float(row["found"]),
            "bound": row["bound"],
            "n": None if pd.isna(row["n"]) else int(row["n"]),
            "source": row["source"],
            "verdict": row["verdict"],
        }
        for row in rows.to_dict("records")
    }
    return {**{name: int(counts.get(name, 0)) for name in (MET, MISSED, WITHDRAWN)}, **figures}


def by_id(claims: Claims) -> Mapping[str, Claim]:
    """Return the claims by their id."""
    return {claim.id: claim for claim in claims.claims}
