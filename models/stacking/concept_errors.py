"""How far the points of a concept move when the same procedure learns from other loans.

The error of a concept is the standard deviation of its loss against safe applicants over refits on
drawn loans. It is measured once at training: a reason must exceed it, and serving refits nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from creditloom.models.sample.arrays import Floats
from creditloom.models.stacking.refits import Refit

# Of the applicants asked the riskiest tenth stands for those who are declined, and the safer half
# for those who are approved: about the shares of a lender's grades.
RISKY_SHARE = 0.1
SAFE_SHARE = 0.5
# Decimals of an error, so that it does not hang on the last bit of a sum.
DECIMALS = 6


def concept_errors(
    refits: Iterable[Refit], concepts: Sequence[str], asked: Floats, margin: Floats, most: int
) -> dict[str, float]:
    """Return the error of each concept, in log-odds of the margin.

    concepts: of each feature. asked: features of applicants, shape (n, p); margin: of each of them,
    by the model. most: applicants of each kind. Empty for less than two refits, or where nobody is
    there to be asked.
    """
    if not len(asked):
        return {}
    risky = _at_even_steps(asked[margin >= np.quantile(margin, 1 - RISKY_SHARE)], most)
    safe = _at_even_steps(asked[margin <= np.quantile(margin, SAFE_SHARE)], most)
    ids = tuple(dict.fromkeys(concepts))
    member = np.array([[concept == one for one in ids] for concept in concepts], float)
    losses = []
    for refit in refits:
        phi = refit.contributions(np.concatenate([risky, safe]))
        by_concept = phi @ member
        lost = by_concept[: len(risky)] - by_concept[len(risky) :].mean(axis=0)
        # What all refits share falls out of the variance: only deviations are scaled.
        losses.append(refit.scale * lost)
    if len(losses) < 2:
        return {}
    variance = np.stack(losses).var(axis=0, ddof=1).mean(axis=0)
    return dict(zip(ids, np.round(np.sqrt(variance), DECIMALS).tolist(), strict=True))


def _at_even_steps(rows: Floats, most: int) -> Floats:
    """Return at most `most` of the rows; even steps need no seed."""
    positions = np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(np.int64)
    return rows[np.unique(positions)]
