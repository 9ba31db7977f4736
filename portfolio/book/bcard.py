"""The behaviour score (B-card): PD of the twelve months after a review, from the months before it (domain 0.12, 6).

The chain of the application score on other rows: margin = log-odds at booking + a booster with the signs of `behaviour.SIGNALS`, then
logit(PD) = a margin + b. With the few bads of a book, starting from the score at booking beats learning it anew (tests/book/test_bcard.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.models.calibration import calibration
from creditloom.models.calibration.calibration import CalibrationLine, CalibrationParams
from creditloom.models.learners import booster
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.split import CALIBRATION, TRAIN
from creditloom.portfolio.book.account_history import Floats
from creditloom.portfolio.book.behaviour import BOOKED, DIRECTIONS, NAMES, words
from creditloom.portfolio.book.review_rules import BookError


@dataclass(frozen=True)
class ReviewParams:
    """The `review` block: the file of rules (products/review/<rules>.yaml), the months on book whose reviews train the behaviour score,
    the window and bar of its outcome, its trees and their shape."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    rules: str
    review_months: tuple[int, ...]
    horizon_months: int
    bad_dpd_days: int
    trees: int
    booster: BoosterParams
    calibration: CalibrationParams


@dataclass(frozen=True)
class Reviewed:
    """Accounts at review dates: `columns` as `behaviour.columns`, whether each went bad within the horizon, and its role in the split."""

    columns: Floats
    is_bad: NDArray[np.bool_]
    role: NDArray[np.str_]
    month: NDArray[np.int64]

    def where(self, mask: NDArray[np.bool_]) -> Reviewed:
        """The rows of `mask`."""
        return Reviewed(self.columns[mask], self.is_bad[mask], self.role[mask], self.month[mask])


@dataclass(frozen=True)
class BCard:
    """A fitted behaviour score; text only, so that it is written and read without trust."""

    model_text: str
    calibration: CalibrationLine
    horizon_months: int

    def margin(self, columns: Floats) -> Floats:
        """Raw margins."""
        return _margin(self.model_text, columns)

    def pd(self, columns: Floats) -> Floats:
        """PD within the horizon, per account."""
        return self.calibration.pd(self.margin(columns))

    def weakest(self, columns: Floats) -> list[tuple[str, str]]:
        """Per row, in English and Chinese, the behaviour that adds most to the log-odds; the application score is none."""
        import lightgbm as lgb

        parts = np.asarray(
            lgb.Booster(model_str=self.model_text).predict(columns, pred_contrib=True)
        )[:, 1:-1]
        return [(words(at, "en"), words(at, "zh")) for at in parts.argmax(axis=1) + 1]

    def to_json(self) -> dict[str, Any]:
        """Everything but the trees."""
        return {
            "calibration": asdict(self.calibration),
            "horizon_months": self.horizon_months,
            "names": list(NAMES),
        }

    @classmethod
    def from_json(cls, content: dict[str, Any], model_text: str) -> BCard:
        """The score that `to_json` wrote. Raises BookError where it reads other columns than this code makes."""
        if tuple(content["names"]) != NAMES:
            raise BookError(
                f"behaviour score: expected the columns {', '.join(NAMES)}, got {', '.join(content['names'])}. Train it anew."
            )
        return cls(model_text, CalibrationLine(**content["calibration"]), content["horizon_months"])


def outcome(later: pa.Table, account: NDArray[np.int64], bad_dpd_days: int) -> NDArray[np.bool_]:
    """Whether each account is ever `bad_dpd_days` past due in the months of `later` (rows of the panel after the review)."""
    bad = later.filter(pa.compute.greater_equal(later["dpd_days"], bad_dpd_days))[
        "application_id"
    ].to_numpy()
    return np.isin(account, bad)


def fit(rows: Reviewed, params: ReviewParams) -> BCard:
    """Train on the reviews of training accounts, calibrate on those of calibration accounts. Raises ModelError with too few bads."""
    train, later = rows.where(rows.role == TRAIN), rows.where(rows.role == CALIBRATION)
    if train.is_bad.sum() < params.calibration.min_bads:
        raise BookError(
            f"behaviour score: {int(train.is_bad.sum())} bads among {len(train.is_bad)} training reviews; expected at least "
            f"{params.calibration.min_bads}. Use more accounts or months."
        )
    text = _boosted(train, params)
    line = calibration.fit(
        _margin(text, later.columns), later.is_bad, np.ones(len(later.is_bad)), params.calibration
    )
    return BCard(text, line, params.horizon_months)


def application_margin(columns: Floats) -> Floats:
    """The application score of the same rows, to compare with."""
    return columns[:, NAMES.index(BOOKED)]


def _boosted(rows: Reviewed, params: ReviewParams) -> str:
    """The trees that start from the score at booking, as text."""
    import lightgbm as lgb

    data = booster.train_set(_dataset(rows), params.booster)
    data.set_init_score(np.ascontiguousarray(application_margin(rows.columns)))
    return str(
        lgb.train(
            booster.settings(DIRECTIONS, params.booster), data, params.trees
        ).model_to_string()
    )


def _margin(text: str, columns: Floats) -> Floats:
    return application_margin(columns) + booster.margins(text, columns)


def _dataset(rows: Reviewed) -> Dataset:
    bad, n = rows.is_bad.astype(float), len(rows.is_bad)
    return Dataset(np.arange(n), rows.columns, NAMES, bad, bad, np.ones(n), rows.month, rows.role)
