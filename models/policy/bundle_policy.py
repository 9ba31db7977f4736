"""What stands in the `policy` block, and how tiers, rule book and reference are made of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from creditloom.decision.rulebook.policy import Policy, Validation
from creditloom.decision.score.drift import shares
from creditloom.decision.score.scorer import Reference, Scorer
from creditloom.decision.score.tiers import Tiers
from creditloom.models.sample.errors import ModelError

PSI_STOP, SCORE_BINS = 0.25, 10


@dataclass(frozen=True)
class PolicyParams:
    """The default product, the law profiles by date, the inner edges of the PD tiers, the model's validation and the reference's size.

    product: name of a file of products/; null = none, the tier alone decides and nothing is priced (a finished feature table without
    policy inputs); the bundle holds every product and law, others are chosen when deciding; tier_edges: PD as a fraction, rising
    (domain 6); horizon_days: days of outcome behind the model's label (domain 0.12); validation: null or run out refuses (R11);
    reference_rows: at most so many approved training applicants, evenly spaced; psi_stop: PSI of a batch's scores above which it is
    refused (R12).
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    product: str | None
    law_profiles: tuple[str, ...]
    tier_edges: tuple[float, ...]
    horizon_days: float = 365.0
    validation: Validation | None = None
    reference_rows: int = 20_000
    psi_stop: float = PSI_STOP


def reference(
    scorer: Scorer,
    tiers: Tiers,
    policy: Policy,
    blocks: Iterable[np.ndarray],
    most: int,
    psi_stop: float = PSI_STOP,
) -> Reference:
    """Mean points of the training applicants whose grade is approved, and how all of them score.

    `blocks` hold the training applicants, rows x features in model order; at most `most` of the approved are explained.
    Raises ModelError when no one is approved.
    """
    approved = np.array([policy.verdicts.get(name) == "approve" for name in tiers.names])
    kept, scores = [], []
    for x in blocks:
        margin = scorer.margin.raw(x)
        kept.append(x[approved[tiers.index(scorer.calibration.pd(margin))]])
        scores.append(scorer.calibration.score_raw(margin))
    if not sum(map(len, kept)):
        raise ModelError(
            "Reference: expected approved applicants in the training months, got none in an approved tier. "
            "Check policy.tier_edges against the base rate, or the calibration."
        )
    rows, every = np.concatenate(kept), np.concatenate(scores)
    spaced = np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(np.int64))
    edges = tuple(
        np.round(np.unique(np.quantile(every, np.arange(1, SCORE_BINS) / SCORE_BINS)), 6).tolist()
    )
    told = tuple(np.round(shares(every, edges), 9).tolist())
    return replace(
        Reference.of(scorer, rows[spaced]), score_edges=edges, score_shares=told, psi_stop=psi_stop
    )
