"""With few bads, few columns: chance finds a pattern in any of hundreds of columns, so only the strongest may enter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.dataset import Dataset
from models.metrics import auc
from models.selection import Fallen

MIN_KNOWN = 20  # rows with a value, below which a column's own power is not believed


def strongest(rows: Dataset, most: int) -> tuple[tuple[str, ...], tuple[Fallen, ...]]:
    """(names of at most `most` columns in their order, what fell as `weak`), by each column's own power among the rows.

    power = |AUC - 1/2| x sqrt(share of rows with a value): an AUC is worth less on fewer rows. Ties go to the earlier column.
    Give it training rows only.
    """
    if len(rows.names) <= most:
        return rows.names, ()
    power = np.array([_power(rows.features[:, k], rows.label) for k in range(len(rows.names))])
    kept = set(np.argsort(-power, kind="stable")[:most].tolist())
    fallen = tuple(Fallen(name, "weak", float(power[k])) for k, name in enumerate(rows.names) if k not in kept)
    return tuple(name for k, name in enumerate(rows.names) if k in kept), fallen


def _power(values: NDArray[np.float64], label: NDArray[np.float64]) -> float:
    known = ~np.isnan(values)
    if known.sum() < MIN_KNOWN or len(np.unique(label[known])) < 2:
        return 0.0
    return abs(auc(label[known], values[known]) - 0.5) * float(np.sqrt(known.mean()))
