"""What was known on a day: nothing later is learnt from, and young loans count by exposure."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pandas as pd
import pytest

from creditloom.models.learners.booster import weights
from creditloom.models.sample.dataset import Dataset, join
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.second_tasks import (
    SecondTasks,
    with_loan_months,
    with_short_loans,
)
from creditloom.models.sample.split import SplitParams, exposure_curve, known_day

SPLIT = SplitParams(datetime.date(2024, 1, 1), 15, 3, 6)
DAY = np.timedelta64(1, "D")


def tables(n: int = 24_000, rate: float = 0.1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Matrix and labels of 24 months; defaults are known 100 to 390 days after application."""
    rng = np.random.default_rng(1)
    as_of = np.datetime64("2024-01-01") + (np.arange(n) % 730) * DAY
    is_bad = rng.random(n) < rate
    is_grey = ~is_bad & (rng.random(n) < 0.02)
    known = as_of + rng.integers(100, 391, n) * DAY
    ids = np.arange(n)
    matrix = pd.DataFrame({"application_id": ids, "as_of": as_of.astype("datetime64[us]")})
    times = pd.Series(known.astype("datetime64[us]")).where(is_bad)
    # table: columns of the labels
    labels = pd.DataFrame(
        {
            "application_id": ids,
            "is_booked": True,
            "is_complete": True,
            "label": np.where(is_grey, np.nan, is_bad.astype(float)),
            "is_indeterminate": is_grey,
            "weight": 1.0,
            "default_known_time": times,
        }
    )
    return matrix, labels


def rows_of(known_by: str) -> Dataset:
    return join(*tables(), (), dataclasses.replace(SPLIT, known_by=known_by))


def test_the_embargo_is_the_first_day_out_of_time() -> None:
    assert known_day(SPLIT) == np.datetime64("2025-07-01")
    assert known_day(dataclasses.replace(SPLIT, known_by="2025-08-15")) == np.datetime64(
        "2025-08-15"
    )
    assert known_day(dataclasses.replace(SPLIT, known_by="optimistic")) is None
    with pytest.raises(ModelError, match="`embargo`, `optimistic` or a date"):
        known_day(dataclasses.replace(SPLIT, known_by="soon"))


def test_nothing_that_came_later_changes_what_is_learnt() -> None:
    """With all good that was open on the day, defaults and grey loans, training is the same."""
    matrix, labels = tables()
    later = ~(labels["default_known_time"] < "2025-07-01") & (matrix["as_of"] < "2025-07-01")
    open_still = later & (matrix["as_of"] > "2024-06-06")
    turned = labels.assign(
        label=labels["label"].where(~open_still, 0.0),
        is_indeterminate=labels["is_indeterminate"] & ~open_still,
    )
    first, second = (join(matrix, part, (), SPLIT).training() for part in (labels, turned))
    for name in ("application_id", "label", "weight", "exposure"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
    # Without the embargo the same outcomes are learnt from.
    whole = dataclasses.replace(SPLIT, known_by="optimistic")
    first, second = (join(matrix, part, (), whole).training() for part in (labels, turned))
    assert first.label.sum() > second.label.sum()


def test_a_default_on_the_day_itself_is_not_known() -> None:
    matrix, labels = tables()
    first = int(labels.index[labels["default_known_time"] < "2025-06-01"][0])
    for time, label in (("2025-06-30T23:59:59", 1.0), ("2025-07-01T00:00:00", 0.0)):
        moved = labels.copy()
        moved.loc[first, "default_known_time"] = pd.Timestamp(time)
        assert join(matrix, moved, (), SPLIT).outcome[first] == label


def test_the_optimistic_split_says_so_and_out_of_time_keeps_its_outcomes() -> None:
    embargo = rows_of("embargo")
    optimistic = rows_of("optimistic")
    assert (embargo.known_by, optimistic.known_by) == ("embargo", "optimistic")
    assert np.array_equal(
        embargo.out_of_time().outcome, optimistic.out_of_time().outcome, equal_nan=True
    )
    assert embargo.training().label.sum() < 0.8 * optimistic.training().label.sum()
    assert set(optimistic.training().exposures) == {1.0}


def test_exposure_is_the_share_of_defaults_that_have_come_by_an_age() -> None:
    train = rows_of("embargo").training()
    age = (17 - train.month) * 30.4 + 15
    true = np.clip((age - 100) / 290, 0, 1)
    by_month = pd.DataFrame({"m": train.month, "f": train.exposures, "t": true}).groupby("m").mean()
    assert (by_month["f"] - by_month["t"]).abs().max() < 0.08
    assert (train.exposures > 0.02).all() or (train.label[train.exposures <= 0.02] == 1).all()


def test_exposed_goods_give_back_the_rate_that_young_loans_hide() -> None:
    train = rows_of("embargo").training()
    late = train.month >= 9
    share = train.learning_share
    assert train.label[late].mean() < 0.06
    assert np.average(train.label[late], weights=share[late]) == pytest.approx(0.1, rel=0.12)
    assert np.array_equal(weights(train, 3.0), share)


def test_a_grey_loan_is_grey_once_its_window_is_complete() -> None:
    rows = rows_of("embargo")
    is_grey = tables()[1]["is_indeterminate"].to_numpy()
    early, late = (is_grey & np.isin(rows.month, months) for months in ((0, 1, 2), (9, 10, 11)))
    assert np.isnan(rows.label[early]).all() and (rows.outcome[early] == 0).all()
    assert (rows.label[late] == 0).all()


def test_a_day_before_any_window_is_complete_is_refused() -> None:
    with pytest.raises(ModelError, match="whose window of 12 months was complete on that day"):
        rows_of("2024-11-01")


def test_a_table_that_knows_no_times_keeps_its_labels() -> None:
    matrix, labels = tables()
    without = labels.drop(columns="default_known_time")
    found = join(matrix, without, (), SPLIT)
    assert np.array_equal(found.label, labels["label"], equal_nan=True)
    assert set(found.exposures) == {1.0}


def test_the_curve_by_hand() -> None:
    # Of four loans one defaults at 10 days; one leaves at 15; one of the two left defaults at 20.
    curve = exposure_curve(np.array([15, 400]), np.array([10, 20]))
    assert len(curve) == 21 and curve[-1] == 1.0
    assert curve[9] == 0.0 and curve[10] == pytest.approx(0.25 / 0.625)
    assert exposure_curve(np.array([5]), np.array([], np.int64)).tolist() == [1.0]


def short_rows(weight: float) -> Dataset:
    """Labelled loans whose short loans tell another story of every fifth one, `weight` each."""
    matrix, labels = tables(2_000)
    short = np.where(np.arange(2_000) % 5 == 0, 1.0 - labels["label"], labels["label"])
    short[::7] = np.nan
    known = matrix["as_of"] + pd.Timedelta(days=46)
    told = labels.assign(short_label=short, short_known_time=known)
    return with_short_loans(join(matrix, told, (), SPLIT).training(), weight)


def test_a_short_loan_counts_its_weight_beside_the_long_one() -> None:
    plain = short_rows(0.0)
    both = short_rows(0.5)
    n = len(plain.label)
    # Rows of before come first, and their labels stay.
    assert np.array_equal(both.label[:n], plain.label)
    assert np.array_equal(both.application_id[:n], plain.application_id)
    share = both.weight * both.learning_share
    before = plain.weight * plain.learning_share
    told = ~np.isnan(plain.short_labels)
    # The slow way: one more row per short loan, of half the weight.
    for label in (0.0, 1.0):
        of_short = 0.5 * (plain.short_labels[told] == label).sum()
        expected = before[plain.label == label].sum() + of_short
        assert share[both.label == label].sum() == pytest.approx(expected)


def test_nobody_learns_from_a_short_loan_before_it_is_known() -> None:
    matrix, labels = tables(2_000)
    told = labels.assign(short_label=1.0, short_known_time=pd.Timestamp("2025-07-01"))
    assert np.isnan(join(matrix, told, (), SPLIT).short_labels).all()
    told = labels.assign(short_label=1.0, short_known_time=pd.Timestamp("2025-06-30"))
    rows = join(matrix, told, (), SPLIT)
    # Out-of-time rows only judge.
    assert np.array_equal(np.isnan(rows.short_labels), rows.role == "oot")
    assert np.isnan(join(matrix, labels, (), SPLIT).short_labels).all()


def month_rows(known: pd.Timestamp) -> pd.DataFrame:
    """Three months on book of each application: every tenth one late in the second and third."""
    ids = np.repeat(np.arange(2_000), 3)
    age = np.tile([1, 2, 3], 2_000)
    is_late = (ids % 10 == 0) & (age > 1)
    frame = pd.DataFrame({"application_id": ids, "month_on_book": age, "is_late": is_late})
    return frame.assign(known_time=known)


def test_a_month_in_arrears_counts_as_a_bad_of_its_weight_and_a_paid_one_as_a_good() -> None:
    matrix, labels = tables(2_000)
    months = month_rows(pd.Timestamp("2025-06-30"))
    plain = join(matrix, labels, (), SPLIT, months).training()
    both = with_loan_months(plain, 0.5)
    n = len(plain.label)
    assert np.array_equal(both.label[:n], plain.label)
    late = 2.0 * (plain.application_id % 10 == 0)
    # The slow way: one more row per month, of half the weight.
    for label, count in ((1.0, late), (0.0, 3.0 - late)):
        own = plain.learning_share[plain.label == label].sum()
        assert both.learning_share[both.label == label].sum() == pytest.approx(
            own + 0.5 * count.sum()
        )
    # What was added holds no record that another task could count again.
    assert not both.month_counts[n:].any() and np.isnan(both.short_labels[n:]).all()


def test_nobody_learns_from_a_month_before_it_is_known() -> None:
    matrix, labels = tables(2_000)
    on_the_day = join(matrix, labels, (), SPLIT, month_rows(pd.Timestamp("2025-07-01")))
    assert not on_the_day.month_counts.any()
    before = join(matrix, labels, (), SPLIT, month_rows(pd.Timestamp("2025-06-30")))
    # Out-of-time rows only judge.
    has_months = before.month_counts.sum(axis=1) > 0
    assert np.array_equal(has_months, before.role != "oot")
    without = join(matrix, labels, (), SPLIT)
    assert with_loan_months(without.training(), 1.0).share is None


def test_months_of_loans_that_nobody_applied_for_here_teach_nothing() -> None:
    matrix, labels = tables(2_000)
    months = month_rows(pd.Timestamp("2025-06-30"))
    others = months.assign(application_id=months["application_id"] + 10_000_000)
    assert not join(matrix, labels, (), SPLIT, others).month_counts.any()
    shuffled = matrix.iloc[::-1].reset_index(drop=True)
    turned = join(shuffled, labels, (), SPLIT, months).month_counts[::-1]
    assert np.array_equal(turned, join(matrix, labels, (), SPLIT, months).month_counts)


def test_both_tasks_count_each_record_once() -> None:
    matrix, labels = tables(2_000)
    known = matrix["as_of"] + pd.Timedelta(days=46)
    told = labels.assign(short_label=1.0 - labels["label"], short_known_time=known)
    rows = join(matrix, told, (), SPLIT, month_rows(pd.Timestamp("2025-06-30"))).training()
    taught = SecondTasks(short_weight=0.5, month_weight=1.0).taught(rows)
    shorts = (~np.isnan(rows.short_labels)).sum()
    expected = rows.learning_share.sum() + 0.5 * shorts + rows.month_counts.sum()
    assert taught.learning_share.sum() == pytest.approx(expected)
