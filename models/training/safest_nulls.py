"""Nulls that a learner reads as the safest value, as raw changes promise it.

A share of late bills is null where there was no bill. One bill paid late turns the null into a
value, and by its promise (features/contract/raw_changes.yaml) the PD must not fall. A learner that
finds null risky would let it fall. So it never sees the null of such a feature: it reads the
safest value of the rows that it learns from, and no value is safer than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.stacking.boosted import stand_ins, with_stand_in
from creditloom.models.stacking.learner import Learner, Member
from creditloom.models.stacking.tree_text import ModelTree


@dataclass(frozen=True)
class SafestNullsMember:
    """A member that reads a null as `safest`: a number per feature, NaN = as the member reads it.

    It is written into the trees, so whoever loads them needs nothing else.
    """

    member: Member
    safest: Floats

    def margin(self, features: Floats) -> Floats:
        """Return the log-odds of default, shape (n,)."""
        return self.member.margin(with_stand_in(features, self.safest))

    def contributions(self, features: Floats) -> tuple[float, Floats]:
        """Return (base, phi); the part of a null is that of the safest value."""
        return self.member.contributions(with_stand_in(features, self.safest))

    def trees(self) -> Sequence[ModelTree]:
        """Return the trees of the member, in which such a null goes the way of the safest value."""
        return [tree.with_nulls_of(self.safest) for tree in self.member.trees()]


@dataclass(frozen=True)
class SafestNullsLearner:
    """A learner that reads the nulls of the features `names` as their safest value.

    complexities: as of `learner`. A name that the rows do not have is no fault.
    """

    learner: Learner
    names: tuple[str, ...]

    @property
    def steps(self) -> int:
        """Return the number of complexities."""
        return self.learner.steps

    def path(self, rows: Dataset, signs: Sequence[int], held_out: Floats) -> Floats:
        """Return the margins of `held_out` at each complexity, shape (n, steps)."""
        safest = safest_values(rows, signs, self.names)
        known = with_stand_in(held_out, safest)
        return self.learner.path(_filled(rows, safest), signs, known)

    def fit(self, rows: Dataset, signs: Sequence[int], step: int) -> SafestNullsMember:
        """Return the member at the complexity `step`."""
        safest = safest_values(rows, signs, self.names)
        return SafestNullsMember(self.learner.fit(_filled(rows, safest), signs, step), safest)


def safest_values(rows: Dataset, signs: Sequence[int], names: Sequence[str]) -> Floats:
    """Return the safest value of each feature of `names`; NaN of others, and where all are null.

    Raise ModelError for a feature without a sign: none of its values is the safest.
    """
    wanted = set(names)
    out = np.full(len(rows.names), np.nan)
    for k, (name, sign) in enumerate(zip(rows.names, signs, strict=True)):
        if name not in wanted:
            continue
        if not sign:
            raise ModelError(
                f"train.safest_nulls: `{name}` has no sign, so that no value of it is the safest; "
                "expected signed features. Take it off the list, or give it a sign in features/."
            )
        known = rows.features[:, k]
        known = known[~np.isnan(known)]
        if len(known):
            out[k] = known.min() if sign > 0 else known.max()
    return out


def null_readings(rows: Dataset, signs: Sequence[int], names: Sequence[str]) -> Floats:
    """Return what a null is read as where training has none: `stand_ins`, or the safest value.

    One number per feature; NaN for a feature with nulls in training, whose way the trees state.
    """
    usual = stand_ins(rows.features)
    safest = safest_values(rows, signs, names)
    return np.where(np.isnan(usual) | np.isnan(safest), usual, safest)


def _filled(rows: Dataset, safest: Floats) -> Dataset:
    """Return the rows as they are learnt from."""
    return replace(rows, features=with_stand_in(rows.features, safest))
