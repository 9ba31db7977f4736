"""What events tell of default, and by which family's columns they tell it: logit P(default | events) (domain 0.5).

Told is on the scale of the labels, as a model learns from them. The mean PD of people who may be well off or not is that of those who are
not: what lowers a small PD hardly shows in labels, so with thresholds E[log-odds | events] has other shares.

There is one column per concept, its state behind the noise of its family's reliability, bent at KNOTS, and one per family that can be
missing. As columns are noisy or missing, a family that another one knows about shares with it, as it does in a model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from data.world.nature import Nature
from data.world.people import People, family_rows
from features.tables import FAMILIES

KNOTS = (-1.0, 0.0, 1.0)
RIDGE = 1e-4  # of the mean curvature: columns that say the same share alike
NEWTON, STILL = 20, 1e-3  # steps at most; the last one's size in log-odds per column


@dataclass(frozen=True)
class Columns:
    """`values` n x columns, float32, centred; `owner` the family of each column by its index."""

    values: np.ndarray
    owner: np.ndarray


def columns_of(nature: Nature, people: People, rng: np.random.Generator) -> Columns:
    """What is seen of `people`: zero, the mean of those who have it, where a family is not there."""
    rows = family_rows(nature)
    noise = np.sqrt(1.0 / np.array(nature.effects.reliability) - 1.0)[rows]
    there = people.present[:, rows]
    seen = people.concepts + noise * rng.standard_normal(people.concepts.shape)
    missing = np.flatnonzero(people.present.std(axis=0))
    blocks = (_states(seen if knot is None else np.maximum(seen - knot, 0.0), there) for knot in (None, *KNOTS))
    parts = [_centred(block) for block in blocks] + [_centred(people.present[:, missing])]
    return Columns(np.hstack(parts), np.concatenate([np.tile(rows, 1 + len(KNOTS)), missing]))


def _states(seen: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Less the mean of those who have it; zero for the others."""
    return np.asarray((seen - (seen * there).sum(axis=0) / there.sum(axis=0)) * there)


def _centred(block: np.ndarray) -> np.ndarray:
    """In half the memory; the probe is large."""
    return np.asarray((block - block.mean(axis=0)).astype(np.float32))


def told(columns: Columns, pd: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """Slopes and, last, the intercept of the logistic regression of `pd` (n, 0-1) on all columns, by Newton's steps from `start`.

    What a model trained on labels of these people would find, but for the luck of the labels. Written here because `pd` is no label:
    scikit-learn takes such only as everyone twice with weights, which the test does.
    """
    x = np.hstack([columns.values, np.ones((len(pd), 1), dtype=np.float32)])
    fit = np.append(np.zeros(x.shape[1] - 1), logit(pd.mean())) if start is None else start
    for _ in range(NEWTON):
        expected = expit(x @ fit.astype(np.float32))
        curve = ((x.T * (expected * (1.0 - expected))) @ x).astype(float)
        step = np.linalg.solve(curve + RIDGE * np.diag(curve).mean() * np.eye(len(fit)), x.T @ (pd - expected).astype(np.float32))
        fit = fit + step
        if np.abs(step).max() < STILL:
            break
    return fit


def told_shares(columns: Columns, fit: np.ndarray) -> np.ndarray:
    """Cov(what the columns of family f tell, all that is told) / Var(all that is told) under slopes `fit`."""
    parts = columns.values @ (fit[:-1, None] * (columns.owner[:, None] == np.arange(len(FAMILIES)))).astype(np.float32)
    shared = parts.T.astype(float) @ parts.sum(axis=1)
    return np.asarray(shared / shared.sum())
