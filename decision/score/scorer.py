"""PD, score and points of a matrix, from margin, calibration and catalogue."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from ..base.catalogue import Catalogue
from ..base.errors import DecisionError
from ..base.strict_json import parse
from .tree_model import Margin

# From the model's margin to PD and score: one affine map on the logit, so that points add up.

# The printed score is clipped to this scale.
SCORE_LOW = 300
SCORE_HIGH = 850


@dataclass(frozen=True)
class Calibration:
    """logit(PD) = a m + b for the margin m, and the scale of the score.

    F17: `base_score` points at `base_odds` (goods to bads), `pdo` points double the odds. Raises
    `DecisionError` for a slope that is not positive.
    """

    a: float
    b: float
    pd_decimals: int = 12
    pdo: float = 20.0
    base_score: float = 600.0
    base_odds: float = 50.0

    def __post_init__(self) -> None:
        if not self.a > 0:
            raise DecisionError(
                "the calibration slope must be positive",
                where="calibration.json a",
                expected="a > 0",
                got=repr(self.a),
                next_step="calibrate again; a slope that is not positive would reverse the ranking",
            )

    @property
    def factor(self) -> float:
        """Points per unit of log-odds: PDO / ln 2 (F17)."""
        return self.pdo / math.log(2.0)

    @property
    def offset(self) -> float:
        """Points at even odds (F17): 487.1229 with the default scale."""
        return self.base_score - self.factor * math.log(self.base_odds)

    def logit(self, margin: np.ndarray) -> np.ndarray:
        """Return log(PD / (1 - PD)) = a m + b."""
        return self.a * margin + self.b

    def pd(self, margin: np.ndarray) -> np.ndarray:
        """Return the probability of default in twelve months.

        It is rounded to `pd_decimals` before anything uses it, so that no decision hangs on the
        last bit.
        """
        # exp overflows to inf for a PD that rounds to zero, which is the right value.
        with np.errstate(over="ignore"):
            return np.round(1.0 / (1.0 + np.exp(-self.logit(margin))), self.pd_decimals)

    def score_raw(self, margin: np.ndarray) -> np.ndarray:
        """Return offset - factor logit(PD), the sum of all points (F17): unrounded, unclipped."""
        return self.offset - self.factor * self.logit(margin)


def score(score_raw: np.ndarray) -> pd.arrays.IntegerArray:
    """Return the printed score: half-up to an integer, clipped to 300-850; null stays null.

    >>> score(np.array([599.5, 912.0, np.nan])).tolist()
    [600, 850, <NA>]
    """
    is_null = np.isnan(score_raw)
    # floor(x + 1/2), as numpy itself rounds ties to even.
    shown = np.clip(np.floor(np.where(is_null, 0.0, score_raw) + 0.5), SCORE_LOW, SCORE_HIGH)
    return pd.arrays.IntegerArray(shown.astype(np.int64), is_null)


# Rows explained at once, so that no rows x features matrix of a whole batch exists.
BLOCK = 8_192
# Decimals of the reference in the bundle: a text that does not hang on the last bit of a sum.
REFERENCE_DECIMALS = 9
# What format 5 of a bundle brought.
SINCE_5 = ("typical", "spread", "concept_errors")


@dataclass(frozen=True)
class Scorer:
    """The scoring half of a bundle: model, catalogue, calibration; no policy, no reference."""

    catalogue: Catalogue
    margin: Margin
    calibration: Calibration

    @property
    def base_points(self) -> float:
        """Points of the constant: offset - factor (a base + b).

        base_points + all points = score_raw.
        """
        c = self.calibration
        return c.offset - c.factor * (c.a * self.margin.base + c.b)

    def points(self, x: np.ndarray) -> np.ndarray:
        """Return the points of each feature, rows x features: -factor a phi.

        Negative points cost score.
        """
        return self._points_per_log_odds * self.margin.contributions(x)[1]

    @property
    def _points_per_log_odds(self) -> float:
        """Points of one unit of margin; negative, as a higher margin is riskier."""
        return -self.calibration.factor * self.calibration.a

    def by_concept(self, points: np.ndarray) -> np.ndarray:
        """Return points summed per concept, rows x concepts in `catalogue.concept_ids` order."""
        order, starts = self._columns
        return np.add.reduceat(points[:, order], starts, axis=1)

    def blocks(self, x: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Yield (rows, feature points, concept points) for consecutive blocks of rows."""
        for start in range(0, len(x), BLOCK):
            rows = slice(start, min(start + BLOCK, len(x)))
            points = self.points(x[rows])
            yield rows, points, self.by_concept(points)

    def points_and_leads(
        self, x: np.ndarray, reference: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (points, leading feature) per concept, both rows x concepts.

        `reference` holds points per feature; see `Margin.points`.
        """
        scale = self._points_per_log_odds
        return self.margin.points(x, scale, self.catalogue.concept_of, reference)

    def margins_points_and_leads(
        self, x: np.ndarray, reference: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the margins, and what `points_and_leads` returns, by one pass over the trees."""
        scale = self._points_per_log_odds
        return self.margin.explained(x, scale, self.catalogue.concept_of, reference)

    def concept_points(self, x: np.ndarray) -> np.ndarray:
        """Return the points of all rows per concept, rows x concepts."""
        return self.points_and_leads(x, np.zeros(len(self.catalogue.features)))[0]

    def warm(self) -> None:
        """Score and explain a row of nulls, so that code which loads at first use is loaded."""
        nulls = np.full((1, len(self.catalogue.features)), np.nan)
        self.margin.raw(nulls)
        self.concept_points(nulls)

    @cached_property
    def _columns(self) -> tuple[np.ndarray, np.ndarray]:
        """Features in the order of their concepts, and where each concept starts in it."""
        owner = self.catalogue.concept_of
        # Stable: features of one concept keep the order of the model, and so their sums their bits.
        order = np.argsort(owner, kind="stable")
        return order, np.searchsorted(owner[order], np.arange(len(self.catalogue.concept_ids)))


# The reference that an applicant is compared with: mean points of the approved training
# applicants, frozen in the bundle.


@dataclass(frozen=True)
class Reference:
    """Mean points over `n` approved training applicants, per concept and per feature.

    The points of a concept are the sum of its features'. `score_shares` are the shares of all
    training applicants between the inner `score_edges` of score_raw; above the PSI `psi_stop` a
    batch is refused (drift.py, R12).

    `typical` and `spread` are median and inter-quartile range of each feature among them, in its
    own unit; null = no number, or a category. `concept_errors` say by how many points a concept
    moves under retraining: it is a reason where it lost more than `error_multiple` of its error.
    The three are empty before format 5.
    """

    concept_points: dict[str, float]
    n: int
    feature_points: dict[str, float] = field(default_factory=dict)
    score_edges: tuple[float, ...] = ()
    score_shares: tuple[float, ...] = ()
    psi_stop: float = 0.25
    typical: dict[str, float | None] = field(default_factory=dict)
    spread: dict[str, float | None] = field(default_factory=dict)
    concept_errors: dict[str, float] = field(default_factory=dict)
    error_multiple: float = 1.0

    def __post_init__(self) -> None:
        wrong = [name for name, error in self.concept_errors.items() if error < 0]
        if wrong:
            raise _refusal(
                "an error of a concept is negative",
                f"concept_errors.{wrong[0]} of 0 points or more",
                repr(self.concept_errors[wrong[0]]),
            )

    @classmethod
    def from_json(cls, text: str | bytes) -> Reference:
        """Read `reference.json`; keys that the runtime does not use are ignored."""
        content = json.loads(text)
        if isinstance(content, Mapping):
            # A reference of an earlier format knows none of these.
            content = {**{key: {} for key in SINCE_5}, **content}
        return parse(cls, content, "reference.json", extra="ignore")

    @classmethod
    def of(cls, scorer: Scorer, x: np.ndarray) -> Reference:
        """Return the mean points of the rows of `x`, the approved training applicants.

        Raises `DecisionError` without rows.
        """
        if not len(x):
            raise _refusal(
                "no applicant to take the reference from",
                "at least one approved training applicant",
                "none",
            )
        total = np.zeros(len(scorer.catalogue.features))
        # Added block by block, in the order of the rows: another order changes the last bit.
        for _, points, _ in scorer.blocks(x):
            total += points.sum(axis=0)
        features = np.round(total / len(x), REFERENCE_DECIMALS)
        concepts = scorer.by_concept(features[None, :])[0]
        ids = scorer.catalogue.concept_ids
        return cls(
            dict(zip(ids, concepts.tolist(), strict=True)),
            len(x),
            dict(zip(scorer.catalogue.names, features.tolist(), strict=True)),
        )

    def concepts(self, catalogue: Catalogue) -> np.ndarray:
        """Return the points in `catalogue.concept_ids` order.

        Raises `DecisionError` when a concept is missing.
        """
        missing = [c for c in catalogue.concept_ids if c not in self.concept_points]
        if missing:
            raise _refusal("the reference lacks a concept", f"points of {missing[0]}", "none")
        return np.array([self.concept_points[c] for c in catalogue.concept_ids])

    def features(self, catalogue: Catalogue) -> np.ndarray:
        """Return the points in model order; 0 where the bundle gives none."""
        return np.array([self.feature_points.get(n, 0.0) for n in catalogue.names])

    def errors(self, catalogue: Catalogue) -> np.ndarray:
        """Return the errors in `catalogue.concept_ids` order, in points; 0 where none is known."""
        return np.array([self.concept_errors.get(c, 0.0) for c in catalogue.concept_ids])


def _refusal(what: str, expected: str, got: str) -> DecisionError:
    return DecisionError(
        what,
        where="reference.json",
        expected=expected,
        got=got,
        next_step="run the bundle stage again",
    )
