"""The `reject` block of params.yaml: which way of reject inference, and its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WayName = Literal["none", "inverse_propensity", "parcelling", "fuzzy", "self_learning"]


@dataclass(frozen=True)
class FactorParams:
    """How much riskier the refused are than booked applicants of the same score, as odds.

    source: `control` estimates it from the loans of the control band; `fixed` takes `fixed` as it
    is. fixed: a ratio of odds of default, above 0; with `control` the value before any loan is
    seen. sd: how far the logarithm of the factor may lie from that of `fixed`, before any loan is
    seen; above 0.
    """

    source: Literal["control", "fixed"] = "control"
    fixed: float = 1.0
    sd: float = 0.5


@dataclass(frozen=True)
class RejectParams:
    """The `reject` block.

    way: the way that the stage `train` uses.
    clip: of 1 / propensity, in the way `inverse_propensity`; at least 1. A learner's own
    `max_weight` clips once more.
    factor: of the ways `parcelling` and `fuzzy`.
    parcels: score bands of `parcelling`. rounds: of `self_learning`; sure_share: of the refused
    whose label a round takes, half of it at each end of the score, as far as bads are so many.
    folds: parts of the loans that are scored by a teacher that has not seen them.
    trees: of the teacher, whose settings are those of `train.booster`.
    """

    way: WayName = "none"
    clip: float = 3.0
    factor: FactorParams = FactorParams()
    parcels: int = 20
    rounds: int = 3
    sure_share: float = 0.2
    folds: int = 3
    trees: int = 200
    seed: int = 1
