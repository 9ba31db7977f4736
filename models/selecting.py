"""The choice of the model's features, inside the training months: what falls at sight, then the strongest by gain, some of each concept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from .booster import BoosterParams
from .dataset import Dataset
from .decision.catalogue import Catalogue
from .errors import ModelError
from .gain import Gains, gains
from .selection import Fallen, SelectionParams, select
from .training import signs_of

KEPT, LEFT_OUT, WEAK = "kept", "left out", "weak"


@dataclass(frozen=True)
class SelectParams:
    """The `select` block: about `keep` features stay, at least `per_concept` of each reason concept that has so many.

    limits: what falls at sight, on a sample of the training applicants; without_families: families that a law keeps out of the model;
    seeds and booster: of the gains, on the labelled loans of the training months.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    keep: int
    per_concept: int
    seeds: int
    limits: SelectionParams
    booster: BoosterParams
    without_families: tuple[str, ...] = field(default=())


def offered(catalogue: Catalogue, params: SelectParams) -> tuple[tuple[str, ...], tuple[Fallen, ...]]:
    """(features that may enter, those of families left out). Raises ModelError for a family that no feature has."""
    unknown = set(params.without_families) - {f.family for f in catalogue.features}
    if unknown:
        raise ModelError(f"select.without_families: no feature is of family {sorted(unknown)}; use the names in catalogue.json.")
    out = [f.name for f in catalogue.features if f.family in params.without_families]
    names = tuple(name for name in catalogue.names if name not in set(out))
    return names, tuple(Fallen(name, LEFT_OUT, 0.0) for name in out)


def screen(sample: Dataset, params: SelectParams) -> tuple[tuple[str, ...], tuple[Fallen, ...]]:
    """(names that stay at sight, what fell and why), from a sample of training applicants. Raises ModelError when none stays."""
    left, fallen = select(sample.features, sample.names, sample.month, params.limits)
    if not left:
        raise ModelError(f"No feature is left of {len(sample.names)}: all are constant, empty or drifting. See the limits in block select.")
    return left, fallen


def rank(loans: Dataset, catalogue: Catalogue, params: SelectParams) -> tuple[Gains, tuple[str, ...]]:
    """The gains of the features of `loans`, and the names that stay, in the order given."""
    found = gains(loans, signs_of(catalogue, loans.names), params.booster, params.seeds)
    concept = {f.name: f.concept for f in catalogue.features}
    stay = chosen([concept[name] for name in loans.names], found.rank, params)
    return found, tuple(name for name, stays in zip(loans.names, stay, strict=True) if stays)


def chosen(concepts: Sequence[str], ranks: np.ndarray, params: SelectParams) -> list[bool]:
    """Which features stay: the first `per_concept` of each concept, then by rank until `keep` stay."""
    taken: Counter[str] = Counter()
    stay = [False] * len(ranks)
    order = np.argsort(ranks, kind="stable")
    for i in order:
        stay[i] = taken[concepts[i]] < params.per_concept
        taken[concepts[i]] += 1
    for i in order:
        stay[i] = stay[i] or sum(stay) < params.keep
    return stay


def table(catalogue: Catalogue, fallen: Sequence[Fallen], loans: Dataset, found: Gains, kept: Sequence[str]) -> pd.DataFrame:
    """One row per feature of the catalogue, in its order.

    outcome is `kept` or why it fell (left out, empty, constant, drift, double, weak); figure and of are those of `Fallen`, figure is the
    share of gain where it reached the gains; gain_rank, gain_share and seeds_used are null where it fell before.
    """
    early, stays = {f.name: f for f in fallen}, set(kept)
    gain = dict(zip(loans.names, found.share.tolist(), strict=True))
    rows = [
        {
            "feature": f.name, "family": f.family, "concept": f.concept,
            "outcome": early[f.name].reason if f.name in early else KEPT if f.name in stays else WEAK,
            "figure": early[f.name].figure if f.name in early else gain[f.name],
            "of": early[f.name].of if f.name in early else "",
        }
        for f in catalogue.features
    ]  # fmt: skip
    ranked = pd.DataFrame({"gain_rank": found.rank, "gain_share": found.share, "seeds_used": found.seeds_used}, index=list(loans.names))
    return pd.DataFrame(rows).join(ranked.astype({"gain_rank": "Int64", "seeds_used": "Int64"}), on="feature")
