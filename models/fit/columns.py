"""What enters a model: columns encoded, those of no use left out, the strongest of too many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from creditloom.models.fit.encoding import Encoded, learn_encoding
from creditloom.models.fit.fit_params import FitParams
from creditloom.models.fit.training_table import TrainingTable
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset, undated_dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import auc
from creditloom.models.sample.split import TRAIN
from creditloom.models.selection.feature_choice import WEAK, DroppedFeature, select

# A column with fewer values than this has power 0: its AUC would be noise.
MIN_KNOWN_ROWS = 20


def dataset_of(encoded: Encoded, table: TrainingTable) -> Dataset:
    """Return encoded training rows as learners take them."""
    rows = undated_dataset(
        encoded.features, encoded.encoding.names, table.label.astype(float), TRAIN
    )
    return replace(rows, weight=table.weights)


def _encoded(table: TrainingTable, params: FitParams) -> Encoded:
    """Return the encoding learnt from these rows, and the rows encoded."""
    return learn_encoding(
        table.frame,
        table.label,
        table.sign_of,
        table.special_codes,
        params.encoding,
        params.seed,
        table.weights,
        table.group,
    )


def prepared(table: TrainingTable, params: FitParams) -> tuple[Encoded, tuple[DroppedFeature, ...]]:
    """Return the encoded rows of the columns that stay, and what was dropped.

    All of it is learnt from these rows alone.
    """
    encoded = _encoded(table, params)
    # No months: a column that drifts is told, and it stays.
    month = np.zeros(len(table.label), np.int64)
    names, unfit = select(encoded.features, encoded.encoding.names, month, params.selection)
    position = {name: k for k, name in enumerate(encoded.encoding.names)}
    kept = [position[name] for name in names]
    max_columns = params.max_columns(int(table.label.sum()))
    strong, weak = strongest_columns(
        encoded.features[:, kept], names, table.label.astype(float), max_columns
    )
    if not strong:
        raise ModelError(
            f"No column is left of {len(table.frame.columns)}: "
            f"{', '.join(sorted({dropped.reason for dropped in unfit}))}. "
            "Expected at least one column with two different values."
        )
    stay = [position[name] for name in strong]
    return (
        Encoded(
            encoding=encoded.encoding.only(strong),
            features=np.ascontiguousarray(encoded.features[:, stay]),
            signs=tuple(encoded.signs[k] for k in stay),
        ),
        (*unfit, *weak),
    )


def strongest_columns(
    features: Floats, names: tuple[str, ...], label: Floats, max_columns: int
) -> tuple[tuple[str, ...], tuple[DroppedFeature, ...]]:
    """Return (names of at most `max_columns` columns in their order, those dropped as `weak`).

    With few bads, some of hundreds of columns look predictive by chance. So only the strongest
    columns may enter the model.
    power = |AUC - 1/2| x sqrt(share of rows with a value). An AUC on fewer rows counts less.
    Give it training rows only.
    """
    if len(names) <= max_columns:
        return names, ()
    power = np.array([column_power(values, label) for values in features.T])
    # A stable sort: of two equal columns the earlier one is kept.
    stays = set(np.argsort(-power, kind="stable")[:max_columns].tolist())
    kept = tuple(name for k, name in enumerate(names) if k in stays)
    dropped = tuple(
        DroppedFeature(name, WEAK, float(power[k]))
        for k, name in enumerate(names)
        if k not in stays
    )
    return kept, dropped


def column_power(values: Floats, label: Floats) -> float:
    """Return the power of one column; 0 with too few rows or one class.

    >>> flag = np.repeat([1.0, np.nan], [10, 30])
    >>> column_power(flag, np.repeat([1.0, 0.0], [10, 30]))
    0.5
    """
    known = ~np.isnan(values)
    if known.any() and np.ptp(values[known]) == 0:
        # One value or null is a flag: what tells something is whether there is a value.
        values = known.astype(float)
        known = np.ones(len(values), bool)
    if known.sum() < MIN_KNOWN_ROWS or len(np.unique(label[known])) < 2:
        return 0.0
    return abs(auc(label[known], values[known]) - 0.5) * float(np.sqrt(known.mean()))
