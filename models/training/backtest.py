"""The backtest: the whole procedure from the start at earlier origins, and what followed each.

At an origin everything is chosen and fitted on the months before it: features, rounds, penalty and
stack, each on rolling origins of its own. Its inner estimate is then compared with the AUC on the
months that followed, which nothing of it has seen. A procedure whose choices leak promises more
than it keeps.

The months that followed are judged by what became of their loans in the end, where the file tells
it. What is known so far of young loans is another target: the defaults of their first months.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.learners.booster import weights
from creditloom.models.learners.ridge import RidgeParams
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.split import SplitParams, inner_split, rolling_origins
from creditloom.models.selection.feature_choice import (
    SelectParams,
    rank_with_origins,
    screen,
)
from creditloom.models.training.held_out import auc_or_nan
from creditloom.models.training.training import TrainParams, train

# A month has ended where so many of its loans have an outcome: records of a few are always lost.
ENDED_SHARE = 0.99


@dataclass(frozen=True)
class BacktestParams:
    """The blocks of params.yaml that the procedure reads."""

    split: SplitParams
    select: SelectParams
    train: TrainParams
    ridge: RidgeParams


@dataclass(frozen=True)
class BacktestOrigin:
    """One origin. AUC: of booked loans, by the weights of training; NaN with one class only.

    first_month: of the months judged. bads: those that are learnt from. following_bads: those of
    the months that followed.
    inner_auc: what the nested procedure promised. auc, ridge_auc: what model and challenger reached
    on the months that followed.
    is_ended: these months are judged by what became of their loans; else by what is known so far.
    """

    first_month: int
    is_ended: bool
    bads: int
    following_bads: int
    inner_auc: float
    auc: float
    ridge_auc: float

    @property
    def promised_too_much(self) -> float:
        """Return the inner estimate less the AUC on the months that followed."""
        return self.inner_auc - self.auc


def backtest(
    applicants: Dataset,
    loans: Dataset,
    became: Dataset,
    catalogue: Catalogue,
    params: BacktestParams,
    show_progress: Callable[[str], None],
) -> Iterator[BacktestOrigin]:
    """Yield the origins of `split.origins`, oldest first.

    applicants: a sample of everyone who applied before out-of-time. loans: labelled training rows.
    became: loans of `ended_months`, which judge and teach nothing. All with the features that may
    enter. Of young loans what the day of `split.known_by` knows is learnt, by exposure, at every
    origin; it judges too, where the loans of a month have not ended.
    """
    for fit, judge in rolling_origins(loans.month, params.split):
        months = np.unique(loans.month[judge])
        first = int(months[0])
        is_ended = bool(np.isin(months, became.month).all())
        following = became.where(np.isin(became.month, months)) if is_ended else loans.where(judge)
        before = applicants.where(applicants.month < first)
        yield _origin(before, loans.where(fit), following, is_ended, catalogue, params)
        show_progress(f"judged the months from {first} on")


def ended_months(known: Dataset, final: Dataset) -> Dataset:
    """Return the rows of `final` in the months whose loans have ended.

    known: every application, with what a day knew, young loans too. final: the same rows with all
    that the file says. Bads are told early: a month with only some outcomes has too many of them.
    """
    is_loan = ~np.isnan(known.outcome)
    is_told = ~np.isnan(final.outcome)
    months = np.unique(known.month[is_loan])
    told = [is_told[is_loan & (known.month == month)].mean() for month in months]
    return final.where(np.isin(final.month, months[np.array(told) >= ENDED_SHARE]))


def _origin(
    applicants: Dataset,
    known: Dataset,
    following: Dataset,
    is_ended: bool,
    catalogue: Catalogue,
    params: BacktestParams,
) -> BacktestOrigin:
    """Run the procedure on `known` and judge it on `following`."""
    first = int(following.month.min())
    split = inner_split(params.split, first)
    left, _ = screen(applicants, params.select)
    rows = known.with_features(left)
    sample = applicants.with_features(left)
    _, features = rank_with_origins(sample, rows, catalogue, split, params.select)
    wide = rows.with_features(features.names)
    # The choice may look at values in single precision; the trees and the ridge are fitted on
    # double ones, as in the stage `train`.
    wide = replace(wide, features=wide.features.astype(np.float64))
    done = train(wide, catalogue, split, params.train, params.ridge, features)
    judged = following.with_features(done.names)
    x = judged.features.astype(np.float64)
    weight = weights(judged, params.train.booster.max_weight)
    margin = np.asarray(done.booster.predict(x, raw_score=True, num_threads=1))
    inner = done.record["inner_auc"]
    auc = auc_or_nan(judged.label, margin, weight)
    ridge_auc = auc_or_nan(judged.label, done.ridge.margin(x), weight)
    return BacktestOrigin(
        first_month=first,
        is_ended=is_ended,
        bads=int(known.label.sum()),
        following_bads=int(judged.label.sum()),
        inner_auc=np.nan if inner is None else inner,
        auc=auc,
        ridge_auc=ridge_auc,
    )
