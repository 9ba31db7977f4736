"""Margins of applicants by the refits that the stage `train` has left."""

from __future__ import annotations

import numpy as np

from creditloom.models.learners.booster import margins
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.pipeline.base import paths


def refit_margins(rows: Dataset, names: tuple[str, ...]) -> Floats:
    """Return the margins of `rows`, shape (refits, n); names: features in model order.

    No row where the training made no refit.
    """
    features = rows.with_features(names).features
    files = sorted(paths.REFITS.glob("*.txt"))
    found = [margins(file.read_text(encoding="utf-8"), features) for file in files]
    return np.stack(found) if found else np.empty((0, len(features)))
