"""Choose which features a model may use, from the training months only.

First the screening drops features that are empty, constant, double or drifting. Then the features
with the most gain are kept, and some of every concept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.learners import booster
from creditloom.models.learners.booster import BoosterParams, signs_of, train_booster
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import ChosenFeatures, Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import psi_of
from creditloom.models.sample.second_tasks import SecondTasks
from creditloom.models.sample.split import SplitParams, rolling_origins

if TYPE_CHECKING:
    import lightgbm

# --- Screening ---

# Outcomes of a feature, as they stand in selection.parquet and in the report of `fit`.
KEPT = "kept"
LEFT_OUT = "left out"
EMPTY = "empty"
CONSTANT = "constant"
DRIFT = "drift"
DOUBLE = "double"
WEAK = "weak"

# If the shares of nulls of two features differ by less than this, they count as null on the same
# rows.
NULL_SHARE_TOLERANCE = 0.001
# Divisor in place of 0: a feature that never varies stays at 0.
TINY = np.finfo(float).tiny


@dataclass(frozen=True)
class SelectionParams:
    """Limits of the screening.

    max_null_share: largest share of nulls. enough_rows: so many rows with a value are enough,
    however large the share of nulls; null means that no number is.
    max_correlation: two features with a larger |correlation| are doubles.
    max_psi: largest PSI of the last against the first third of the training months.
    rows: size of the sample on which correlations are computed, taken at even steps.
    """

    max_null_share: float = 0.95
    enough_rows: int | None = None
    max_correlation: float = 0.999
    max_psi: float = 0.25
    rows: int = 20_000


@dataclass(frozen=True)
class DroppedFeature:
    """A feature that was dropped.

    reason: empty, constant, drift, double, weak or left out.
    figure: the figure that failed. of: the feature that it doubles, "" for other reasons.
    """

    name: str
    reason: str
    figure: float
    of: str = ""


def select(
    features: Floats, names: tuple[str, ...], month: NDArray[np.int64], params: SelectionParams
) -> tuple[tuple[str, ...], tuple[DroppedFeature, ...]]:
    """Return (names that stay, in the order given; what was dropped and why).

    features: shape (n, p). Of a pair of doubles the earlier feature stays.
    """
    # Each check gets only what the check before it left. Correlations come last: they are not
    # defined for constants, and they take the most time.
    dropped = _empty_or_constant(features, names, params)
    dropped += _drifting(features, _left(names, dropped), names, month, params)
    left = _left(names, dropped)
    dropped += _doubles(features[:, left], [names[i] for i in left], params)
    return tuple(names[i] for i in _left(names, dropped)), tuple(dropped)


def _left(names: tuple[str, ...], dropped: list[DroppedFeature]) -> list[int]:
    """Return the positions of the features that are not dropped."""
    gone = {feature.name for feature in dropped}
    return [i for i, name in enumerate(names) if name not in gone]


def _empty_or_constant(
    features: Floats, names: tuple[str, ...], params: SelectionParams
) -> list[DroppedFeature]:
    """Return the features with hardly a value, and those with one value and no null.

    Null is a value too: a flag that is yes or null says as much as one that is yes or no.
    """
    dropped = []
    for i, name in enumerate(names):
        known = features[~np.isnan(features[:, i]), i]
        null_share = 1 - len(known) / len(features)
        is_enough = params.enough_rows is not None and len(known) >= params.enough_rows
        if null_share > params.max_null_share and not is_enough:
            dropped.append(DroppedFeature(name, EMPTY, null_share))
        elif len(known) == len(features) and known.min() == known.max():
            dropped.append(DroppedFeature(name, CONSTANT, float(known[0])))
    return dropped


def _drifting(
    features: Floats,
    columns: list[int],
    names: tuple[str, ...],
    month: NDArray[np.int64],
    params: SelectionParams,
) -> list[DroppedFeature]:
    """Return those of `columns` whose last third of months differs too much from the first."""
    early = month <= np.quantile(month, 1 / 3)
    late = month > np.quantile(month, 2 / 3)
    # Rows of a single month cannot drift. A table without dates has a single month.
    if not early.any() or not late.any():
        return []
    dropped = []
    for i in columns:
        drift = psi_of(features[early, i], features[late, i])
        if drift > params.max_psi:
            dropped.append(DroppedFeature(names[i], DRIFT, drift))
    return dropped


def _doubles(features: Floats, names: list[str], params: SelectionParams) -> list[DroppedFeature]:
    """Return the features that are doubles of an earlier one: same values, same nulls.

    Nulls are set to the mean. Two features are doubles if they then correlate and have the same
    share of nulls.
    """
    if not names:
        return []
    sample = features[:: max(1, len(features) // params.rows)]
    unit = _unit(sample)
    is_close = np.abs(unit.T @ unit) > params.max_correlation
    null_share = np.isnan(sample).mean(axis=0)
    is_same_null = np.abs(null_share[:, None] - null_share[None, :]) < NULL_SHARE_TOLERANCE
    is_double = is_close & is_same_null
    dropped = []
    gone = np.zeros(len(names), bool)
    # Go in order and compare each feature only with those kept so far. Of a chain of doubles the
    # first is kept.
    for j in range(1, len(names)):
        earlier = np.flatnonzero(is_double[j, :j] & ~gone[:j])
        if len(earlier):
            gone[j] = True
            first = earlier[0]
            correlation = float(np.abs(unit[:, first] @ unit[:, j]))
            dropped.append(DroppedFeature(names[j], DOUBLE, correlation, names[first]))
    return dropped


def _unit(sample: Floats) -> NDArray[np.float32]:
    """Return the columns centred and of length 1, null at 0."""
    # Work column by column and in float32. A wide sample is then copied once and not three times.
    unit = np.zeros(sample.shape, np.float32, order="F")
    for i, column in enumerate(sample.T):
        known = ~np.isnan(column)
        if known.any():
            mean = column[known].mean(dtype=np.float64)
            centred = np.where(known, column - mean, 0.0)
        else:
            centred = np.zeros(len(column))
        unit[:, i] = centred / max(float(np.sqrt((centred**2).sum())), TINY)
    return unit


# --- Gains ---
# Measures which features a booster uses: the gain over several seeds. Each seed sees its own part
# of the labelled training loans.

# Share of the loans that each seed sees: enough to learn, and few enough that the seeds differ.
SEED_ROW_SHARE = 0.8


@dataclass(frozen=True)
class Gains:
    """Gains of the features, shape (p,) each.

    share: share of all gain, mean over the seeds. seeds_used: seeds in which a tree used it.
    """

    share: Floats
    seeds_used: NDArray[np.int64]

    @property
    def rank(self) -> NDArray[np.int64]:
        """Return the rank of each feature: 1 is the strongest; equals keep their order."""
        rank = np.empty(len(self.share), np.int64)
        # A stable sort: many features have no gain at all, and their order must always be the same.
        rank[np.argsort(-self.share, kind="stable")] = np.arange(1, len(self.share) + 1)
        return rank


def binned_loans(loans: Dataset, signs: Sequence[int], params: BoosterParams) -> lightgbm.Dataset:
    """Return the loans binned once for all boosters: the edges hang on values and on no label."""
    return booster.train_set(loans, params, booster.settings(signs, params))


def gains(
    binned: lightgbm.Dataset, signs: Sequence[int], params: BoosterParams, seeds: int
) -> Gains:
    """Return the gain of every feature in boosters of `params.max_trees` trees, one per seed.

    binned: labelled training rows.
    """
    settings = {
        **booster.settings(signs, params),
        # Here each seed draws its rows once for all its trees: the next draw would come after the
        # last tree. In training the rows are drawn for each tree.
        "bagging_fraction": SEED_ROW_SHARE,
        "bagging_freq": params.max_trees + 1,
    }
    # The seeds count up from the seed in params.yaml.
    shares = np.stack(
        [
            _gain_shares(binned, {**settings, "seed": params.seed + i}, params.max_trees)
            for i in range(seeds)
        ]
    )
    return Gains(share=shares.mean(axis=0), seeds_used=(shares > 0).sum(axis=0))


def _gain_shares(binned: lightgbm.Dataset, settings: Mapping[str, Any], trees: int) -> Floats:
    """Return the share of all gain of each feature in one booster."""
    grown = train_booster(settings, binned, trees)
    gain = np.asarray(grown.feature_importance("gain"), float)
    return gain / max(gain.sum(), TINY)


# --- The choice ---
# Combines both, inside the training months: the screening, then the gain, with some features of
# each concept.


@dataclass(frozen=True)
class SelectParams:
    """The `select` block.

    keep: number of features to keep; the minimum per concept may add some.
    per_concept: smallest number of features to keep of each concept, if it has as many.
    seeds, booster: number of seeds and settings of the boosters that measure the gain, on the
    labelled loans of the training months.
    limits: those of the screening, on a sample of the training applicants.
    origin_seeds: boosters of each rolling origin. origin_rows: applicants screened there.
    tasks: what teaches the boosters beside the label.
    without_families: families that a law keeps out of the model.
    without_features: features that may not be chosen, by name. A name that the catalogue does not
    have is no fault: whoever has no such raw table has no such feature.
    """

    keep: int
    per_concept: int
    seeds: int
    limits: SelectionParams
    booster: BoosterParams
    without_families: tuple[str, ...] = field(default=())
    without_features: tuple[str, ...] = field(default=())
    origin_seeds: int = 2
    origin_rows: int = 2_000
    tasks: SecondTasks = field(default_factory=SecondTasks)


def offered_features(
    catalogue: Catalogue, params: SelectParams
) -> tuple[tuple[str, ...], tuple[DroppedFeature, ...]]:
    """Return (names that may enter, features that are left out whatever they say).

    Raise ModelError for a family that no feature has.
    """
    unknown = set(params.without_families) - {feature.family for feature in catalogue.features}
    if unknown:
        raise ModelError(
            f"select.without_families: no feature is of family {sorted(unknown)}; "
            "use the names in catalogue.json."
        )
    out = [
        feature.name
        for feature in catalogue.features
        if feature.family in params.without_families or feature.name in params.without_features
    ]
    names = tuple(name for name in catalogue.names if name not in set(out))
    return names, tuple(DroppedFeature(name, LEFT_OUT, 0.0) for name in out)


def screen(
    sample: Dataset, params: SelectParams
) -> tuple[tuple[str, ...], tuple[DroppedFeature, ...]]:
    """Return (names that pass the screening, what was dropped and why).

    sample: training applicants. Raise ModelError when no feature passes.
    """
    left, dropped = select(sample.features, sample.names, sample.month, params.limits)
    if not left:
        raise ModelError(
            f"No feature is left of {len(sample.names)}: all are constant, empty or drifting. "
            "See the limits in block select."
        )
    return left, dropped


def rank(
    loans: Dataset, catalogue: Catalogue, params: SelectParams
) -> tuple[Gains, tuple[str, ...]]:
    """Return the gains of the features of `loans`, and the names that stay, in the order given."""
    loans = params.tasks.taught(loans)
    signs = signs_of(catalogue, loans.names)
    binned = binned_loans(loans, signs, params.booster)
    feature_gains = gains(binned, signs, params.booster, params.seeds)
    return feature_gains, strongest(loans.names, feature_gains, catalogue, params)


def strongest(
    names: Sequence[str], feature_gains: Gains, catalogue: Catalogue, params: SelectParams
) -> tuple[str, ...]:
    """Return the names that stay, in the order given. feature_gains: one entry per name."""
    concept = {feature.name: feature.concept for feature in catalogue.features}
    stay = choice_mask([concept[name] for name in names], feature_gains.rank, params)
    return tuple(name for name, stays in zip(names, stay, strict=True) if stays)


def rank_with_origins(
    applicants: Dataset,
    loans: Dataset,
    catalogue: Catalogue,
    split: SplitParams,
    params: SelectParams,
) -> tuple[Gains, ChosenFeatures]:
    """Return gains and choice as `rank`, and the same choice before each rolling origin.

    applicants, loans: with the features that pass the screening of all training applicants, which
    asks for no label. Of both only the months before an origin count for it. Fewer rows are
    screened and fewer boosters grown than for the final choice, as it is made once per origin. All
    share one set of bins.
    """
    loans = params.tasks.taught(loans)
    signs = signs_of(catalogue, loans.names)
    binned = binned_loans(loans, signs, params.booster)
    feature_gains = gains(binned, signs, params.booster, params.seeds)
    chosen = []
    for fit, judge in rolling_origins(loans.month, split):
        known = binned.subset(np.flatnonzero(fit).tolist())
        own = gains(known, signs, params.booster, params.origin_seeds)
        first = int(loans.month[judge].min())
        before = applicants.where(applicants.month < first).at_most(params.origin_rows)
        left, _ = screen(before, params)
        is_left = np.isin(loans.names, left)
        passed = Gains(own.share[is_left], own.seeds_used[is_left])
        chosen.append(strongest(left, passed, catalogue, params))
    final = strongest(loans.names, feature_gains, catalogue, params)
    return feature_gains, ChosenFeatures(final, tuple(chosen))


def choice_mask(concepts: Sequence[str], ranks: np.ndarray, params: SelectParams) -> list[bool]:
    """Return which features stay, in the order given.

    concepts, ranks: one entry per feature. First the `per_concept` best of each concept are kept.
    Then the others follow by rank until there are `keep`.
    """
    taken: Counter[str] = Counter()
    stay = [False] * len(ranks)
    # The ranks of `Gains` are all different. A stable sort orders equal ranks of other callers.
    order = np.argsort(ranks, kind="stable")
    # Every concept must be in the model, because a reason can only name a concept that the model
    # uses.
    for i in order:
        stay[i] = taken[concepts[i]] < params.per_concept
        taken[concepts[i]] += 1
    for i in order:
        stay[i] = stay[i] or sum(stay) < params.keep
    return stay


def table(
    catalogue: Catalogue,
    dropped: Sequence[DroppedFeature],
    loans: Dataset,
    feature_gains: Gains,
    names: Sequence[str],
) -> pd.DataFrame:
    """Return one row per feature of the catalogue, in its order.

    dropped: features dropped before the gains.
    feature_gains: gains of the features of `loans`.
    names: features that stay.
    Columns: feature, family, concept; outcome (`kept`, or the reason of the drop); figure and of
    (from `DroppedFeature`; figure is the share of gain for a feature whose gain was measured);
    gain_rank, gain_share and seeds_used (null for a feature that was dropped before).
    """
    dropped_by_name = {feature.name: feature for feature in dropped}
    stays = set(names)
    gain_share = dict(zip(loans.names, feature_gains.share.tolist(), strict=True))
    rows = []
    for feature in catalogue.features:
        early = dropped_by_name.get(feature.name)
        late_outcome = KEPT if feature.name in stays else WEAK
        rows.append(
            {
                "feature": feature.name,
                "family": feature.family,
                "concept": feature.concept,
                "outcome": early.reason if early else late_outcome,
                "figure": early.figure if early else gain_share[feature.name],
                "of": early.of if early else "",
            }
        )
    return pd.DataFrame(rows).join(_gain_table(feature_gains, loans.names), on="feature")


def _gain_table(feature_gains: Gains, names: Sequence[str]) -> pd.DataFrame:
    """Return gain_rank, gain_share and seeds_used by name of the feature."""
    columns = {
        "gain_rank": feature_gains.rank,
        "gain_share": feature_gains.share,
        "seeds_used": feature_gains.seeds_used,
    }
    # The join adds nulls, and the type Int64 can hold them.
    types = {"gain_rank": "Int64", "seeds_used": "Int64"}
    return pd.DataFrame(columns, index=list(names)).astype(types)
