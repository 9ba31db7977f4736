"""Fit one model on one set of training rows: the one procedure behind every door.

Columns, rounds, penalty and stack are all chosen inside these rows, on folds that are held out
again. Whoever judges the model holds out rows of its own first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from creditloom.models.calibration import calibration
from creditloom.models.calibration.calibration import CalibrationLine
from creditloom.models.fit.encoding import Encoded, Encoding, EncodingParams, learn_encoding
from creditloom.models.fit.fit_params import CHALLENGER, FitParams
from creditloom.models.learners.one_thread import one_thread
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import Dataset, undated_dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import auc
from creditloom.models.sample.split import TRAIN
from creditloom.models.selection.feature_choice import WEAK, DroppedFeature, select
from creditloom.models.stacking.boosted import stand_ins, with_stand_in
from creditloom.models.stacking.learner import Member, NamedLearner
from creditloom.models.stacking.procedure import (
    Fold,
    StackChoice,
    choose,
    members,
    stack_of,
    stacked_trees,
)
from creditloom.models.stacking.shape_search import SEARCHED, ShapeSearch
from creditloom.models.stacking.sign_proof import refuse_broken
from creditloom.models.stacking.stack import DECIMALS as STACK_DECIMALS
from creditloom.models.stacking.stack import Stack
from creditloom.models.stacking.tree_text import feature_infos, model_text

# 1 bad, 0 good, one per row.
Labels = NDArray[np.int8]
# A column with fewer values than this has power 0: its AUC would be noise.
MIN_KNOWN_ROWS = 20
# Folds without which nothing can be chosen on held-out rows.
MIN_FOLDS = 2


# --- Folds ---


def fold_masks(
    label: Labels, folds: int, seed: int, group: NDArray[np.int64] | None = None
) -> Iterator[Mask]:
    """Yield the mask of the held-out rows, fold by fold.

    Every fold holds its share of bads and of goods. Rows of one group stay together.

    >>> [int(mask.sum()) for mask in fold_masks(np.array([1, 1, 0, 0, 0], np.int8), 2, seed=1)]
    [3, 2]
    """
    # Loaded here: what scores and decides never cuts folds.
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    # The seed shuffles the rows of each class before they are dealt out.
    kind = StratifiedKFold if group is None else StratifiedGroupKFold
    splitter = kind(folds, shuffle=True, random_state=seed)
    for _, rows in splitter.split(np.empty((len(label), 0)), label, group):
        held_out = np.zeros(len(label), dtype=bool)
        held_out[rows] = True
        yield held_out


def latest(time: NDArray[np.datetime64], share: float) -> Mask:
    """Return the mask of the rows with the latest dates, about `share` of all.

    Rows of one moment stay together, on the later side.
    """
    ordered = np.sort(time)
    position = int(np.ceil(len(ordered) * (1 - share)))
    cut = ordered[min(len(ordered) - 1, position)]
    return np.asarray(time >= cut)


# --- The model ---


@dataclass(frozen=True)
class TrainingTable:
    """Training rows.

    frame: feature columns, float64 or text; special codes still stand in them.
    signs: the sign that the effect of each column must have; 0 is free.
    special_codes: by column, the numbers that mean missing.
    weight: one per row, of mean 1 or not; None = 1 each. group: rows of one group never stand on
    both sides of a fold. time: of the application; None = no dates.
    """

    frame: pd.DataFrame
    label: Labels
    signs: tuple[int, ...]
    special_codes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    weight: Floats | None = None
    group: NDArray[np.int64] | None = None
    time: NDArray[np.datetime64] | None = None

    def where(self, mask: Mask) -> TrainingTable:
        """Return the rows of `mask`."""
        frame = self.frame[mask].reset_index(drop=True)
        weight = None if self.weight is None else self.weight[mask]
        group = None if self.group is None else self.group[mask]
        time = None if self.time is None else self.time[mask]
        label = self.label[mask]
        return replace(self, frame=frame, label=label, weight=weight, group=group, time=time)

    @property
    def weights(self) -> Floats:
        """Return one weight per row, of mean 1: penalties and priors are against that."""
        ones = np.ones(len(self.label))
        return ones if self.weight is None else self.weight / self.weight.mean()

    @property
    def sign_of(self) -> dict[str, int]:
        """Return the sign of each column."""
        names = [str(name) for name in self.frame.columns]
        return dict(zip(names, self.signs, strict=True))


@dataclass(frozen=True)
class FittedModel:
    """A stack of members on encoded columns. Its margin is the logit of the PD before the affine
    step.

    members: those of the stack, in its order. stand_in: the number that is read in place of a null,
    one per feature; NaN where training had nulls. fallen: columns that were dropped, with the
    reason. infos: LightGBM's range of each feature. null_share: of each feature in training.
    """

    encoding: Encoding
    members: tuple[Member, ...]
    stack: Stack
    stand_in: Floats
    fallen: tuple[DroppedFeature, ...]
    infos: tuple[str, ...]
    signs: tuple[int, ...]
    null_share: tuple[float, ...]

    def features(self, frame: pd.DataFrame) -> Floats:
        """Return what the members read, shape (n, p)."""
        return with_stand_in(self.encoding.apply(frame), self.stand_in)

    def margin(self, frame: pd.DataFrame) -> Floats:
        """Return the logit of the PD, shape (rows,)."""
        return self.margin_of(self.features(frame))

    def margin_of(self, features: Floats) -> Floats:
        """Return the logit of the PD of encoded rows."""
        margins = np.stack([member.margin(features) for member in self.members], axis=1)
        return self.stack.margin(margins)

    @property
    def n_trees(self) -> int:
        """Return the number of trees of the whole stack."""
        return sum(len(member.trees()) for member in self.members)

    @cached_property
    def text(self) -> str:
        """Return the whole stack as one LightGBM model.

        Raise ModelError where a member cannot be written, or where a sign is not proved.
        """
        trees = stacked_trees(self.members, self.stack, self.stand_in)
        refuse_broken(trees, self.encoding.names, self.signs)
        # A user's names stay in the catalogue: LightGBM refuses some and changes others.
        names = [f"f{k}" for k in range(len(self.infos))]
        return model_text(trees, names, self.infos, self.signs)


@dataclass(frozen=True)
class CalibratedModel:
    """A model, the affine step after it, and the challenger.

    held_out: the logits, one per row, from models that did not learn from the row; NaN for a row
    that was never held out. line: slope and level for the door and the economy.
    """

    model: FittedModel
    challenger: FittedModel
    calibration: CalibrationLine
    held_out: Floats

    def challenger_pd(self, frame: pd.DataFrame) -> Floats:
        """Return the PD of the challenger, the additive logit alone, shape (rows,)."""
        return np.asarray(expit(self.challenger.margin(frame)))

    def pd(self, frame: pd.DataFrame) -> Floats:
        """Return the calibrated PD, shape (rows,)."""
        return self.calibration.pd(self.model.margin(frame))


def fit_calibrated(
    table: TrainingTable,
    params: FitParams,
    search: ShapeSearch | None = None,
    *,
    is_strict: bool = True,
) -> CalibratedModel:
    """Fit the stack on all rows; every choice is made on folds inside them.

    search: looks for one more shape of booster on the same folds, within its share of the time.
    is_strict: refuse a table that tells nothing, or all. Else the first gets its base rate as every
    PD, and the second its PDs next to 0 and 1; whoever asks for that warns of it.
    Raise ModelError when the rows hold too few bads, when a column holds the answer, or when no
    column tells anything.
    """
    if is_strict:
        _refuse_few(table, params)
    # A sum that threads share has another last bit on another machine.
    with one_thread():
        return _fit_calibrated(table, params, search, is_strict)


def _fit_calibrated(
    table: TrainingTable, params: FitParams, search: ShapeSearch | None, is_strict: bool
) -> CalibratedModel:
    learners = params.named_learners()
    names = params.learners
    label = table.label.astype(float)
    folds: Iterable[Fold] = inner_folds(table, params)
    if search:
        # The search comes back to the folds, trial by trial.
        folds = list(folds)
        found = search.best(folds, label, table.weights, params.boosted(params.medium))
        if found:
            learners = (*learners, NamedLearner(SEARCHED, found))
            names = (*names, SEARCHED)
    choice = choose(folds, learners, label, table.weights)
    if is_strict:
        _refuse_answer(table, choice)
    encoded, fallen = _prepared(table, params)
    grown = members(_dataset(encoded, table), encoded.signs, learners, choice)
    stack = _stack(choice, names, grown, params, is_strict)
    # The challenger may tell nothing where the others do, as of columns that act together only.
    alone = _stack(choice, [CHALLENGER], grown, params, is_strict=False)
    logits = np.full(len(label), np.nan)
    logits[choice.is_judged] = stack.margin(choice.of(stack.names))
    model = _fitted(encoded, fallen, grown, stack)
    return CalibratedModel(
        model=model,
        # The challenger reads what training has not seen as the model does.
        challenger=replace(model, members=(grown[CHALLENGER],), stack=alone),
        calibration=_affine(table, logits, choice.is_judged, params),
        held_out=logits,
    )


def _refuse_few(table: TrainingTable, params: FitParams) -> None:
    """Raise ModelError where the rows hold fewer bads or goods than a model can be chosen on."""
    bads = int(table.label.sum())
    least = params.calibration.min_bads
    if min(bads, len(table.label) - bads) < least:
        raise ModelError(
            f"Too few outcomes among the rows to learn from: expected at least {least} bads and "
            f"{least} goods, got {bads} bads among {len(table.label)} rows. Give more labelled "
            "rows; of a cut by date, more that are early."
        )


def _stack(
    choice: StackChoice,
    names: Sequence[str],
    grown: Mapping[str, Member],
    params: FitParams,
    is_strict: bool,
) -> Stack:
    """Return the stack; where no learner tells anything, the base rate alone, unless refused."""
    try:
        return stack_of(choice, names, grown, params.stack)
    except ModelError:
        if is_strict:
            raise
        rate = float(np.average(choice.label, weights=choice.weight))
        return Stack((CHALLENGER,), (0.0,), round(float(logit(rate)), STACK_DECIMALS))


def folds_allowed(table: TrainingTable, params: FitParams) -> tuple[int, int]:
    """Return (folds inside a training table, how many are held out): one per bad or good at most.

    Raise ModelError where not even two folds can hold a bad and a good each.
    """
    bads = int(table.label.sum())
    folds, used = params.folds_inside(len(table.label), bads)
    rarer = min(bads, len(table.label) - bads)
    groups = len(table.label) if table.group is None else len(np.unique(table.group))
    most = min(folds, rarer, groups)
    if most < MIN_FOLDS:
        raise ModelError(
            f"Too few outcomes to fit a model: expected at least {MIN_FOLDS} bads, {MIN_FOLDS} "
            f"goods and {MIN_FOLDS} borrowers, got {bads} bads among {len(table.label)} rows of "
            f"{groups} borrowers. Give more labelled rows."
        )
    return most, min(used, most)


def inner_folds(table: TrainingTable, params: FitParams) -> Iterator[Fold]:
    """Yield the folds inside a training table, each encoded from its own rows alone."""
    folds, used = folds_allowed(table, params)
    for mask in islice(fold_masks(table.label, folds, params.seed, table.group), used):
        train = table.where(~mask)
        _refuse_one_class(train, table)
        encoded, _ = _prepared(train, params)
        held_out = encoded.encoding.apply(table.frame[mask])
        yield Fold(_dataset(encoded, train), encoded.signs, held_out, mask)


def _refuse_one_class(train: TrainingTable, table: TrainingTable) -> None:
    """Raise ModelError where a fold leaves one class to learn from: groups may do that."""
    bads = int(train.label.sum())
    if bads in (0, len(train.label)):
        raise ModelError(
            f"A fold leaves {bads} bads among {len(train.label)} rows to learn from, of "
            f"{int(table.label.sum())} bads in all: expected bads and goods. Rows of one group "
            "stay together; state groups that share the bads among more of them."
        )


def _fitted(
    encoded: Encoded,
    fallen: tuple[DroppedFeature, ...],
    members: Mapping[str, Member],
    stack: Stack,
) -> FittedModel:
    """Return the model of a stack, with its numbers for what training has not seen."""
    features = encoded.features
    null_share = np.isnan(features).mean(axis=0)
    model = FittedModel(
        encoding=encoded.encoding,
        members=tuple(members[name] for name in stack.names),
        stack=stack,
        stand_in=stand_ins(features),
        fallen=fallen,
        infos=feature_infos(features),
        signs=encoded.signs,
        null_share=tuple(null_share),
    )
    unseen = cautious_codes(model, features)
    encoding = model.encoding.with_unseen(unseen)
    stand_in = model.stand_in.copy()
    for k, column in enumerate(encoding.columns):
        # A null that a category never had stands for a level that it never had.
        if column.name in unseen and not np.isnan(stand_in[k]):
            stand_in[k] = max(unseen[column.name], stand_in[k])
    return replace(model, encoding=encoding, stand_in=stand_in)


# Training rows on which a code for unseen levels is tried, and codes that are tried.
CAUTION_ROWS = 250
CAUTION_CODES = 8


def cautious_codes(model: FittedModel, features: Floats) -> dict[str, float]:
    """Return by category the number that an unseen level reads: never safer than the average.

    It is the safest code at which no training row has a PD below its mean over all levels. The
    effect of a code rises with it, so a riskier code is safe for every row.
    """
    sample = features[:: max(1, len(features) // CAUTION_ROWS)][:CAUTION_ROWS]
    sample = with_stand_in(sample, model.stand_in)
    out = {}
    for k, column in enumerate(model.encoding.columns):
        if not column.is_category:
            continue
        known = features[~np.isnan(features[:, k]), k]
        codes = np.array(column.codes)
        if not len(known) or len(codes) == 1:
            out[column.name] = float(codes[-1])
            continue
        # The levels as often as training has them.
        shown = np.quantile(known, np.linspace(0, 1, CAUTION_CODES), method="nearest")
        pds = _at_codes(model, sample, k, shown)
        # Of many levels some at even steps stand for all, each level counting once.
        steps = np.unique(np.linspace(0, len(codes) - 1, CAUTION_CODES).astype(int))
        plain_mean = _at_codes(model, sample, k, codes[steps]).mean(axis=1)
        wanted = np.maximum(pds.mean(axis=1), plain_mean)
        is_safe = (pds >= wanted[:, None]).all(axis=0)
        # One step further than the first that holds: rows that are not in the sample.
        first = int(np.argmax(is_safe)) + 1 if is_safe.any() else len(shown)
        out[column.name] = float(shown[first] if first < len(shown) else codes[-1])
    return out


def _at_codes(model: FittedModel, sample: Floats, k: int, codes: Floats) -> Floats:
    """Return the PD of each row with each code in column k, shape (rows, codes)."""
    tried = np.repeat(sample, len(codes), axis=0)
    tried[:, k] = np.tile(codes, len(sample))
    return np.asarray(expit(model.margin_of(tried)).reshape(len(sample), len(codes)))


def _affine(
    table: TrainingTable, logits: Floats, judged: Mask, params: FitParams
) -> CalibrationLine:
    """Return the step after the stack: slope 1, and with dates the level of the coming months."""
    label = table.label[judged].astype(float)
    weight = table.weights[judged]
    b = 0.0
    level_bads = int(label.sum())
    if table.time is not None:
        month = table.time.astype("datetime64[M]").astype(np.int64)[judged]
        level = calibration.level_of(label, weight, month, params.calibration)
        is_late = month > month.max() - params.level_months
        late = logits[judged][is_late]
        b = calibration.anchored(late, 0.0, weight[is_late], level.rate)
        level_bads = level.n_bads
    mean_pd = np.average(expit(logits[judged] + b), weights=weight)
    return CalibrationLine(
        a=1.0,
        b=round(b, 9),
        n_rows=len(label),
        n_bads=int(label.sum()),
        mean_pd=float(mean_pd),
        effective_bads=calibration.effective(weight[label == 1]),
        level_bads=level_bads,
    )


def _refuse_answer(table: TrainingTable, choice: StackChoice) -> None:
    """Raise ModelError where held-out margins separate all bads from all goods.

    No honest column separates them: one probably holds the label.
    """
    is_bad = choice.label == 1
    for margin in choice.margins.T:
        if margin[is_bad].min() > margin[~is_bad].max():
            raise ModelError(
                f"The columns tell all {int(is_bad.sum())} bads from all goods without error: "
                "expected some overlap. "
                f"A column that knows the outcome, probably `{_suspect(table)}`, must be left out "
                "(drop)."
            )


def _suspect(table: TrainingTable) -> str:
    """Return the column that tells the outcome best."""
    codes = table.special_codes
    encoded = learn_encoding(
        table.frame, table.label, table.sign_of, codes, EncodingParams(), seed=1
    )
    label = table.label.astype(float)
    powers = [column_power(values, label) for values in encoded.features.T]
    return encoded.encoding.columns[int(np.argmax(powers))].column


def _dataset(encoded: Encoded, table: TrainingTable) -> Dataset:
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


def _prepared(
    table: TrainingTable, params: FitParams
) -> tuple[Encoded, tuple[DroppedFeature, ...]]:
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
    """Return the power of one column; 0 with too few rows or one class."""
    known = ~np.isnan(values)
    if known.sum() < MIN_KNOWN_ROWS or len(np.unique(label[known])) < 2:
        return 0.0
    return abs(auc(label[known], values[known]) - 0.5) * float(np.sqrt(known.mean()))
