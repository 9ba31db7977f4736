"""What a fit gives: a stack on encoded columns, and the affine step after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import expit

from creditloom.models.calibration.calibration import CalibrationLine
from creditloom.models.calibration.level import Level
from creditloom.models.fit.encoding import Encoded, Encoding
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.selection.feature_choice import DroppedFeature
from creditloom.models.stacking.boosted import stand_ins, with_stand_in
from creditloom.models.stacking.learner import Member
from creditloom.models.stacking.procedure import stacked_trees
from creditloom.models.stacking.refits import Recipe
from creditloom.models.stacking.sign_proof import refuse_broken
from creditloom.models.stacking.stack import Stack
from creditloom.models.stacking.tree_text import feature_infos, model_text

# Training rows on which a code for unseen levels is tried, and codes that are tried.
CAUTION_ROWS = 250
CAUTION_CODES = 8


@dataclass(frozen=True)
class FittedModel:
    """A stack of members on encoded columns. Its margin is the logit of the PD before the affine
    step.

    members: those of the stack, in its order. stand_in: the number that is read in place of a null,
    one per feature; NaN where training had nulls. fallen: columns that were dropped, with the
    reason. infos: LightGBM's range of each feature. null_share: of each feature in training.
    untold: the number that is read for a null that no indicator of a special code tells, where all
    nulls of training were told by one; else NaN.
    """

    encoding: Encoding
    members: tuple[Member, ...]
    stack: Stack
    stand_in: Floats
    fallen: tuple[DroppedFeature, ...]
    infos: tuple[str, ...]
    signs: tuple[int, ...]
    null_share: tuple[float, ...]
    untold: Floats

    def features(self, frame: pd.DataFrame) -> Floats:
        """Return what the members read, shape (n, p)."""
        x = with_stand_in(self.encoding.apply(frame), self.stand_in)
        is_filled = ~np.isnan(self.untold)
        if not is_filled.any():
            return x
        is_untold = untold_nulls(self.encoding, x) & is_filled
        return np.where(is_untold, self.untold, x)

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
    that was never held out. calibration: slope and level for the door and the economy;
    challenger_calibration: the same step after the challenger. level: with dates, the forecast of
    the bad rate of the months after the last row. recipe: what was chosen, to be repeated on other
    rows.
    """

    model: FittedModel
    challenger: FittedModel
    calibration: CalibrationLine
    challenger_calibration: CalibrationLine
    held_out: Floats
    level: Level | None = None
    recipe: Recipe | None = None

    def challenger_pd(self, frame: pd.DataFrame) -> Floats:
        """Return the PD of the challenger, the additive logit alone, shape (rows,)."""
        return self.challenger_calibration.pd(self.challenger.margin(frame))

    def pd(self, frame: pd.DataFrame) -> Floats:
        """Return the calibrated PD, shape (rows,)."""
        return self.calibration.pd(self.model.margin(frame))


def fitted_model(
    encoded: Encoded,
    fallen: tuple[DroppedFeature, ...],
    members: Mapping[str, Member],
    stack: Stack,
) -> FittedModel:
    """Return the model of a stack, with its numbers for what training has not seen."""
    features = encoded.features
    null_share = np.isnan(features).mean(axis=0)
    untold = _untold(encoded.encoding, features)
    infos = feature_infos(features)
    model = FittedModel(
        encoding=encoded.encoding,
        members=tuple(members[name] for name in stack.names),
        stack=stack,
        stand_in=stand_ins(features),
        fallen=fallen,
        infos=infos,
        signs=encoded.signs,
        null_share=tuple(null_share),
        untold=untold,
    )
    unseen = cautious_codes(model, features)
    encoding = model.encoding.with_unseen(unseen)
    stand_in = model.stand_in.copy()
    for k, column in enumerate(encoding.columns):
        # A null that a category never had stands for a level that it never had.
        if column.name in unseen and not np.isnan(stand_in[k]):
            stand_in[k] = max(unseen[column.name], stand_in[k])
    return replace(model, encoding=encoding, stand_in=stand_in)


def untold_nulls(encoding: Encoding, features: Floats) -> Mask:
    """Return which nulls of numbers no indicator of a special code tells; shape (rows, features).

    Of a feature without indicators it is none: its nulls are all alike.
    """
    is_untold = np.zeros(features.shape, dtype=bool)
    indicators: dict[str, list[int]] = {}
    for k, column in enumerate(encoding.columns):
        if column.code is not None:
            indicators.setdefault(column.column, []).append(k)
    for k, column in enumerate(encoding.columns):
        told_by = indicators.get(column.column, [])
        if told_by and column.code is None:
            is_untold[:, k] = np.isnan(features[:, k]) & ~features[:, told_by].any(axis=1)
    return is_untold


def _untold(encoding: Encoding, features: Floats) -> Floats:
    """Return per feature the median that is read for a null which no special code told.

    NaN where training held such a null, and where no code has an indicator: the model then knows
    the null. Else the only nulls it knows are those of codes, and a code may be the safest value.
    """
    out = np.full(features.shape[1], np.nan)
    coded = {column.column for column in encoding.columns if column.code is not None}
    has_untold = np.asarray(untold_nulls(encoding, features).any(axis=0))
    for k, column in enumerate(encoding.columns):
        known = features[~np.isnan(features[:, k]), k]
        is_number = column.code is None and column.column in coded
        # Without any null the stand-in of the column is read.
        if is_number and not has_untold[k] and 0 < len(known) < len(features):
            out[k] = np.quantile(known, 0.5, method="lower")
    return out


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
        # Of many levels some at even steps stand for all, each level counting once.
        steps = np.unique(np.linspace(0, len(codes) - 1, CAUTION_CODES).astype(int))
        both = _at_codes(model, sample, k, np.concatenate([shown, codes[steps]]))
        pds = np.ascontiguousarray(both[:, : len(shown)])
        plain_mean = np.ascontiguousarray(both[:, len(shown) :]).mean(axis=1)
        wanted = np.maximum(pds.mean(axis=1), plain_mean)
        is_safe = (pds >= wanted[:, None]).all(axis=0)
        # One step further than the first that holds: rows that are not in the sample.
        first = int(np.argmax(is_safe)) + 1 if is_safe.any() else len(shown)
        out[column.name] = float(shown[first] if first < len(shown) else codes[-1])
    return out


def _at_codes(model: FittedModel, sample: Floats, k: int, codes: Floats) -> Floats:
    """Return the PD of each row with each code in column k, shape (rows, codes)."""
    # The quantiles of a few levels name each of them often: each is tried once.
    distinct, place = np.unique(codes, return_inverse=True)
    tried = np.repeat(sample, len(distinct), axis=0)
    tried[:, k] = np.tile(distinct, len(sample))
    pds = np.asarray(expit(model.margin_of(tried))).reshape(len(sample), len(distinct))
    return np.ascontiguousarray(pds[:, place])
