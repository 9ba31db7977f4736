"""Check R12 on a batch: whether its scores still look like those of training applicants.

A sample is looked at before anything is decided, so that a wrong batch costs seconds. All decided
rows are looked at before the batch is sealed, as a sample can miss the places that drifted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from creditloom.decision.base.stability import psi
from creditloom.decision.score.drift import SCORE, Drift, shares
from creditloom.decision.score.scorer import Reference
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.batch.part import BlockResult
from creditloom.serving.batch.schema import BatchError
from creditloom.storage.files.store import iter_tables

# Scores from which on the PSI is taken as it is. With fewer, chance alone moves it, and a level is
# put above what chance can do.
MANY_SCORES = 2_000
# With fewer scores than this, every distribution looks like every other.
MIN_SCORES = 30
# Standard deviations of the normal distribution that chance passes once in 10,000 batches.
CHANCE = 3.719


class DriftError(BatchError):
    """The batch comes from another population than the model.

    Nothing is decided until a person has looked.
    """

    exit_code = 5


def drift_of(scores: Iterable[np.ndarray], bundle: Path) -> Drift:
    """Return the PSI of blocks of scores against the bundle's reference (R12).

    No PSI at all where there are too few scores, or the bundle has no reference.
    """
    reference = Reference.from_json((bundle / "reference.json").read_bytes())
    expected = np.asarray(reference.score_shares, dtype=float)
    if not len(expected):
        return Drift({}, reference.psi_stop)
    counts = np.zeros(len(expected))
    for block in scores:
        # A decision without a score says nothing about the distribution.
        known = block[~np.isnan(block)]
        if len(known):
            # Counts are whole: what the division by the rows left of them is taken back.
            counts += np.rint(shares(known, reference.score_edges) * len(known))
    rows = int(counts.sum())
    if rows < MIN_SCORES:
        return Drift({}, reference.psi_stop)
    if rows >= MANY_SCORES:
        return Drift({SCORE: psi(expected, counts / rows)}, reference.psi_stop)
    return Drift({SCORE: smoothed_psi(expected, counts)}, reference.psi_stop + chance_psi(counts))


def smoothed_psi(expected: np.ndarray, counts: np.ndarray) -> float:
    """Return the PSI of few scores, with one row a bin added that is as expected.

    Without it a bin that is empty by chance would count as one that nobody falls into any more.
    """
    bins = len(counts)
    return psi(expected, (counts + bins * expected) / (counts.sum() + bins))


def chance_psi(counts: np.ndarray) -> float:
    """Return the PSI that scores of the same population pass once in 10,000 batches.

    Rows times PSI follow a chi-squared distribution of bins - 1 degrees of freedom. Its quantile is
    that of Wilson and Hilferty.
    """
    degrees = max(len(counts) - 1, 1)
    # 2/9: the variance of the cube root of a chi-squared over its degrees (Wilson and Hilferty).
    spread = 2 / (9 * degrees)
    quantile = degrees * (1 - spread + CHANCE * spread**0.5) ** 3
    return float(quantile / counts.sum())


def sample_scores(sample: Iterable[BlockResult]) -> Iterator[np.ndarray]:
    """Yield the scores of sampled blocks; NaN where a row has none."""
    for outcome in sample:
        yield outcome.decisions["score_raw"].to_numpy()


def decided_scores(folder: BatchFolder, parts: int) -> Iterator[np.ndarray]:
    """Yield the scores of all decisions in the first `parts` parts; NaN where a row has none."""
    for part in range(parts):
        for block in iter_tables(folder.file("decisions", part), ["score_raw"]):
            # A null becomes NaN.
            yield block.column("score_raw").to_numpy()


def require_no_drift(drift: Drift, found_in: str) -> None:
    """Raise DriftError above the stop level; `found_in` says which rows the PSI is of."""
    if drift.is_breach:
        raise DriftError.of(
            "R12: the batch comes from another population than the model was trained on",
            where=drift.worst,
            expected=f"PSI of at most {drift.stop:.3g} against the training applicants",
            got=f"{drift.psi_worst:.3f} in {found_in}",
            next_step="look into it; --accept-drift REASON (with --replace where parts are decided "
            "already) decides all the same, and keeps the reason in batch.json",
        )
