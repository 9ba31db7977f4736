"""Protected columns under another name: features, or the score, that tell a protected group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.evaluation.groups.column_strength import Codes, SortedColumn, held_out_auc
from creditloom.models.fit.leaks.protected_groups import MIN_GROUP_ROWS, NULL_GROUP, groups_of
from creditloom.models.fit.leaks.table_warning import GRAVE_AUC, WARN_AUC, Level, TableWarning
from creditloom.models.sample.arrays import Floats

# Rows on which features are asked for proxies.
PROXY_ROWS = 20_000


@dataclass(frozen=True)
class ProxyFigure:
    """How well a protected column can be told: by the best feature, and by the model's score.

    Figures are AUC; of several groups that of the group told best, against all others. hidden_rows:
    rows of groups too small to be shown.
    """

    field: str
    feature: str
    feature_auc: float
    group: str
    score_auc: float
    hidden_rows: int


def proxies(frame: pd.DataFrame, protected: pd.DataFrame, score: Floats) -> list[ProxyFigure]:
    """Return one figure per protected column; score: the model's held-out PD.

    Features are judged on evenly spaced rows of a large table; the groups are those of all rows.
    """
    places = np.linspace(0, len(frame) - 1, min(PROXY_ROWS, len(frame))).astype(int)
    some = frame.iloc[places]
    bins = {str(name): SortedColumn.of(some[name]).bins for name in some}
    scored = SortedColumn.of(pd.Series(score[places])).bins
    return [
        _proxy(str(name), groups_of(protected[name]), places, bins, scored) for name in protected
    ]


def _proxy(
    field: str,
    group: NDArray[np.object_],
    places: NDArray[np.int64],
    bins: Mapping[str, Codes],
    scored: Codes,
) -> ProxyFigure:
    names, counts = np.unique(group.astype(str), return_counts=True)
    shown = [str(name) for name, n in zip(names, counts, strict=True) if n >= MIN_GROUP_ROWS]
    # Whether a person told is no protected trait.
    shown = [name for name in shown if name != NULL_GROUP]
    told = []
    scores = []
    for one in shown:
        is_one = (group[places] == one).astype(np.int8)
        told += [(held_out_auc(codes, is_one), name, one) for name, codes in bins.items()]
        scores.append(held_out_auc(scored, is_one))
    best = max(told, default=(0.5, "", ""))
    return ProxyFigure(
        field=field,
        feature=best[1],
        feature_auc=best[0],
        group=best[2],
        score_auc=max(scores, default=0.5),
        hidden_rows=int(counts[counts < MIN_GROUP_ROWS].sum()),
    )


def proxy_warnings(figures: Sequence[ProxyFigure]) -> list[TableWarning]:
    """Return a warning for each protected column that a feature or the score tells too well."""
    return [warning for figure in figures for warning in _proxy_warnings(figure)]


def _proxy_warnings(figure: ProxyFigure) -> Iterator[TableWarning]:
    if figure.feature_auc > WARN_AUC:
        text = (
            f"`{figure.feature}` tells `{figure.field}` ({figure.group} or not) with AUC "
            f"{figure.feature_auc:.3f}: the protected column is modelled under another name"
        )
        step = (
            f"--drop {figure.feature}, --protected {figure.feature}, or --accept {figure.feature}"
        )
        yield _proxy_warning(figure.feature, figure.feature_auc, text, step)
    if figure.score_auc > WARN_AUC:
        text = (
            f"the model's score tells `{figure.field}` with AUC {figure.score_auc:.3f}: "
            "decisions follow the protected column"
        )
        step = f"drop the columns that tell it, or --accept {figure.field}"
        yield _proxy_warning(figure.field, figure.score_auc, text, step)


def _proxy_warning(name: str, figure: float, text: str, step: str) -> TableWarning:
    level: Level = "grave" if figure > GRAVE_AUC else "warning"
    return TableWarning(level, "proxy", name, figure, 0, text, step)
