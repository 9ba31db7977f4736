"""R12 on a batch: do the scores of a sample still look like those of the training applicants?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from creditloom.decision.base.stability import psi
from creditloom.decision.score.drift import SCORE, Drift, shares
from creditloom.decision.score.scorer import Reference
from creditloom.serving.batch.part import BlockResult
from creditloom.serving.batch.schema import BatchError

LEAST = 2_000  # scores below which chance alone moves the PSI by too much


class DriftError(BatchError):
    """The batch comes from another population than the model; nothing is decided until a person has looked."""

    exit_code = 5


def drift_of(sample: Iterable[BlockResult], bundle: Path) -> Drift:
    """PSI of the sample's scores against the bundle's reference; none where either says too little."""
    reference = Reference.from_json((bundle / "reference.json").read_bytes())
    found = np.concatenate([outcome.decisions["score_raw"].to_numpy() for outcome in sample])
    scores = found[~np.isnan(found)]
    if len(scores) < LEAST or not reference.score_shares:
        return Drift({}, reference.psi_stop)
    return Drift(
        {SCORE: psi(reference.score_shares, shares(scores, reference.score_edges))},
        reference.psi_stop,
    )


def require_no_drift(drift: Drift) -> None:
    """DriftError above the stop level."""
    if drift.is_breach:
        raise DriftError.of(
            "R12: the batch comes from another population than the model was trained on",
            where=drift.worst,
            expected=f"PSI of at most {drift.stop:g} against the training applicants",
            got=f"{drift.psi_worst:.3f} in a sample",
            next_step="look into it; --accept-drift REASON decides all the same, and keeps the reason in batch.json",
        )
