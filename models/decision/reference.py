"""Whom an applicant is compared with: mean points of the approved training applicants, frozen in the bundle."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np

from .catalogue import Catalogue
from .errors import DecisionError
from .scorer import Scorer
from .typed import parse


@dataclass(frozen=True)
class Reference:
    """Mean points over `n` approved training applicants, per concept and per feature (a concept's is the sum of its features').

    `score_shares` are shares of all training applicants between the inner `score_edges` of score_raw; above `psi_stop` a batch is refused
    (drift.py, R12).
    """

    concept_points: dict[str, float]
    n: int
    feature_points: dict[str, float] = field(default_factory=dict)
    score_edges: tuple[float, ...] = ()
    score_shares: tuple[float, ...] = ()
    psi_stop: float = 0.25

    @classmethod
    def from_json(cls, text: str | bytes) -> Reference:
        """Read `reference.json`."""
        return parse(cls, json.loads(text), "reference.json", extra="ignore")

    @classmethod
    def of(cls, scorer: Scorer, x: np.ndarray) -> Reference:
        """Mean points of the rows of `x`: give it the approved training applicants. Raises `DecisionError` without rows."""
        if not len(x):
            raise _refusal("no applicant to take the reference from", "at least one approved training applicant", "none")
        total = np.zeros(len(scorer.catalogue.features))
        for _, points, _ in scorer.blocks(x):
            total += points.sum(axis=0)
        features = np.round(total / len(x), 9)
        concepts = scorer.by_concept(features[None, :])[0]
        ids = scorer.catalogue.concept_ids
        return cls(
            dict(zip(ids, concepts.tolist(), strict=True)), len(x), dict(zip(scorer.catalogue.names, features.tolist(), strict=True))
        )

    def concepts(self, catalogue: Catalogue) -> np.ndarray:
        """Points in `catalogue.concept_ids` order. Raises `DecisionError` when one is missing."""
        missing = [c for c in catalogue.concept_ids if c not in self.concept_points]
        if missing:
            raise _refusal("the reference lacks a concept", f"points of {missing[0]}", "none")
        return np.array([self.concept_points[c] for c in catalogue.concept_ids])

    def features(self, catalogue: Catalogue) -> np.ndarray:
        """Points in model order; 0 where the bundle gives none."""
        return np.array([self.feature_points.get(n, 0.0) for n in catalogue.names])


def _refusal(what: str, expected: str, got: str) -> DecisionError:
    return DecisionError(what, where="reference.json", expected=expected, got=got, next_step="run the bundle stage again")
