"""What events tell of the log-odds, and by which family's columns they tell it: E[effect | events] (domain 0.5).

There is one column per concept, its state behind the noise of its family's reliability, bent at KNOTS, and one per family that can be
missing. As columns are noisy or missing, a family that another one knows about shares with it, as it does in a model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.world.nature import Nature
from data.world.people import People, family_rows
from features.tables import FAMILIES

KNOTS = (-1.0, 0.0, 1.0)
RIDGE = 1e-4  # of the mean variance: columns that say the same share alike


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


def carried(columns: Columns, effects: np.ndarray) -> np.ndarray:
    """f x g x h: covariance of what the columns of family f tell of effect g with all that is told of effect h; `effects` is centred.

    Told is the least squares fit on all columns; the sum over f is what is told of g and h together.
    """
    x, n = columns.values, len(effects)
    gram = (x.T @ x).astype(float) / n
    slopes = np.linalg.solve(gram + RIDGE * np.diag(gram).mean() * np.eye(len(gram)), (x.T @ effects.astype(np.float32)) / n)
    told = gram @ slopes
    return np.stack([(slopes * (columns.owner == f)[:, None]).T @ told for f in range(len(FAMILIES))])
