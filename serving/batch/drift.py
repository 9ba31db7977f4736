"""Check R12 on a batch: whether a sample's scores still look like those of training applicants."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from creditloom.decision.base.stability import psi
from creditloom.decision.score.drift import SCORE, Drift, shares
from creditloom.decision.score.scorer import Reference
from creditloom.serving.batch.part import BlockResult
from creditloom.serving.batch.schema import BatchError

# Scores of a sample. Below so many, chance alone moves the PSI by too much.
MIN_SCORES = 2_000


class DriftError(BatchError):
    """The batch comes from another population than the model.

    Nothing is decided until a person has looked.
    """

    exit_code = 5


def drift_of(sample: Iterable[BlockResult], bundle: Path) -> Drift:
    """Return the PSI of the sample's scores against the bundle's reference (R12).

    No PSI at all where the sample has too few scores, or the bundle has no reference.
    """
    reference = Reference.from_json((bundle / "reference.json").read_bytes())
    raw = np.concatenate([outcome.decisions["score_raw"].to_numpy() for outcome in sample])
    # A decision without a score says nothing about the distribution.
    scores = raw[~np.isnan(raw)]
    if len(scores) < MIN_SCORES or not reference.score_shares:
        return Drift({}, reference.psi_stop)
    score_psi = psi(reference.score_shares, shares(scores, reference.score_edges))
    return Drift({SCORE: score_psi}, reference.psi_stop)


def require_no_drift(drift: Drift) -> None:
    """Raise DriftError above the stop level."""
    if drift.is_breach:
        raise DriftError.of(
            "R12: the batch comes from another population than the model was trained on",
            where=drift.worst,
            expected=f"PSI of at most {drift.stop:g} against the training applicants",
            got=f"{drift.psi_worst:.3f} in a sample",
            next_step="look into it; --accept-drift REASON decides all the same, and keeps the "
            "reason in batch.json",
        )
