"""Fit and apply the behaviour score (B-card): PD of the months after a review (domain 0.12, 6).

It is computed from the months before the review, by the chain of the application score on other
rows: margin = log-odds at booking + a booster with the signs of `behaviour.SIGNALS`, then
logit(PD) = a margin + b. With the few bads of a book, starting from the score at booking beats
learning it anew (tests/book/test_bcard.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.decision.score.model_text import check_model_text
from creditloom.models.calibration import calibration
from creditloom.models.calibration.calibration import CalibrationLine, CalibrationParams
from creditloom.models.learners import booster
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.learners.ridge import numpy_expit
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.split import CALIBRATION, TRAIN
from creditloom.portfolio.book.account_history import Floats
from creditloom.portfolio.book.behaviour import BOOKED, DIRECTIONS, NAMES, words
from creditloom.portfolio.book.review_rules import BookError


@dataclass(frozen=True)
class ReviewParams:
    """The `review` block of params.yaml.

    `rules` names the file of rules (products/review/<rules>.yaml). `review_months` are the months
    on book whose reviews train the behaviour score. `horizon_months` and `bad_dpd_days` are window
    and bar of its outcome. `trees` and `booster` are the number of its trees and their shape.
    """

    rules: str
    review_months: tuple[int, ...]
    horizon_months: int
    bad_dpd_days: int
    trees: int
    booster: BoosterParams
    calibration: CalibrationParams


@dataclass(frozen=True)
class ReviewedAccounts:
    """Accounts at review dates, one row each.

    `columns` are as `behaviour.columns` makes them. `is_bad` says whether the account went bad
    within the horizon, `role` is its role in the split, `month` the month on book.
    """

    columns: Floats
    is_bad: NDArray[np.bool_]
    role: NDArray[np.str_]
    month: NDArray[np.int64]

    def where(self, mask: NDArray[np.bool_]) -> ReviewedAccounts:
        """Return the rows of `mask`."""
        return ReviewedAccounts(
            columns=self.columns[mask],
            is_bad=self.is_bad[mask],
            role=self.role[mask],
            month=self.month[mask],
        )


@dataclass(frozen=True)
class BCard:
    """A fitted behaviour score, as text and numbers only: reading it runs no code."""

    model_text: str
    calibration: CalibrationLine
    horizon_months: int

    def margin(self, columns: Floats) -> Floats:
        """Return raw margins, log-odds."""
        return _margin(self.model_text, columns)

    def pd(self, columns: Floats) -> Floats:
        """Return the PD within the horizon, per account."""
        line = self.calibration
        # As scores were used that are stored: scipy's expit ends in another last digit.
        return numpy_expit(line.a * self.margin(columns) + line.b)

    def weakest(self, columns: Floats) -> list[tuple[str, str]]:
        """Return per row the behaviour that adds most to the log-odds, in English and Chinese.

        The application score is none of them.
        """
        import lightgbm as lgb

        model = lgb.Booster(model_str=self.model_text)
        contributions = np.asarray(model.predict(columns, pred_contrib=True))
        # The first column is the application score, the last one LightGBM's base value.
        largest = contributions[:, 1:-1].argmax(axis=1) + 1
        return [(words(column, "en"), words(column, "zh")) for column in largest]

    def to_json(self) -> dict[str, Any]:
        """Return everything but the trees."""
        return {
            "calibration": asdict(self.calibration),
            "horizon_months": self.horizon_months,
            "names": list(NAMES),
        }

    @classmethod
    def from_json(cls, content: dict[str, Any], model_text: str) -> BCard:
        """Return the score that `to_json` wrote.

        Raises BookError where it reads other columns than this code makes, and DecisionError where
        the text is no sound model.
        """
        # LightGBM trusts its text: a changed one would end the process.
        check_model_text(model_text)
        if tuple(content["names"]) != NAMES:
            raise BookError(
                f"behaviour score: expected the columns {', '.join(NAMES)}, "
                f"got {', '.join(content['names'])}. Train it anew."
            )
        return cls(
            model_text=model_text,
            calibration=CalibrationLine(**content["calibration"]),
            horizon_months=content["horizon_months"],
        )


def outcome(later: pa.Table, account: NDArray[np.int64], bad_dpd_days: int) -> NDArray[np.bool_]:
    """Return whether each account is ever `bad_dpd_days` past due in `later`.

    `later` holds the rows of the panel after the review.
    """
    is_bad = pa.compute.greater_equal(later["dpd_days"], bad_dpd_days)
    bad_accounts = later.filter(is_bad)["application_id"].to_numpy()
    return np.isin(account, bad_accounts)


def fit(rows: ReviewedAccounts, params: ReviewParams) -> BCard:
    """Train on the reviews of training accounts, calibrate on those of calibration accounts.

    Raises BookError with too few bads to train, ModelError with too few to calibrate.
    """
    train = rows.where(rows.role == TRAIN)
    held_out = rows.where(rows.role == CALIBRATION)
    bads = int(train.is_bad.sum())
    if bads < params.calibration.min_bads:
        raise BookError(
            f"behaviour score: {bads} bads among {len(train.is_bad)} training reviews; "
            f"expected at least {params.calibration.min_bads}. Use more accounts or months."
        )
    model_text = _boosted(train, params)
    # Every account of a book is known to its end: all weigh the same.
    weight = np.ones(len(held_out.is_bad))
    margin = _margin(model_text, held_out.columns)
    line = calibration.fit(margin, held_out.is_bad, weight, params.calibration)
    return BCard(model_text=model_text, calibration=line, horizon_months=params.horizon_months)


def application_margin(columns: Floats) -> Floats:
    """Return the application score of the same rows, to compare with."""
    return columns[:, NAMES.index(BOOKED)]


def _boosted(rows: ReviewedAccounts, params: ReviewParams) -> str:
    """Return the trees that start from the score at booking, as text."""
    settings = booster.settings(DIRECTIONS, params.booster)
    data = booster.train_set(_dataset(rows), params.booster, settings)
    # LightGBM takes contiguous memory only; a column of a matrix is not.
    data.set_init_score(np.ascontiguousarray(application_margin(rows.columns)))
    return str(booster.train_booster(settings, data, params.trees).model_to_string())


def _margin(text: str, columns: Floats) -> Floats:
    # The model's text does not hold the score that training started from: it is added here.
    return application_margin(columns) + booster.margins(text, columns)


def _dataset(rows: ReviewedAccounts) -> Dataset:
    n = len(rows.is_bad)
    bad = rows.is_bad.astype(float)
    return Dataset(
        application_id=np.arange(n),
        features=rows.columns,
        names=NAMES,
        label=bad,
        outcome=bad,
        weight=np.ones(n),
        month=rows.month,
        role=rows.role,
    )
