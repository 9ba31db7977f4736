"""Who trains, who calibrates, who judges: months, the wall between them, rolling origins."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pytest

from creditloom.models.sample.dataset import join
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import (
    SplitParams,
    month_index,
    roles,
    rolling_origins,
)

from .worlds import world

SPLIT = SplitParams(datetime.date(2024, 1, 1), 15, 3, 6)


@pytest.mark.parametrize(
    ("as_of", "role"),
    [
        ("2023-12-31T23:59:59.999999", ""),
        ("2024-01-01T00:00:00", "train"),
        ("2025-03-31T23:59:59.999999", "train"),
        ("2025-04-01T00:00:00", "calibration"),
        ("2025-06-30T23:59:59", "calibration"),
        ("2025-07-01T00:00:00", "oot"),
        ("2025-12-31T23:59:59", "oot"),
        ("2026-01-01T00:00:00", ""),
    ],
)
def test_a_role_is_the_month_of_as_of(as_of: str, role: str) -> None:
    assert roles(np.array([as_of], "datetime64[us]"), SPLIT).tolist() == [role]


def test_rolling_origins_judge_later_months_and_stay_inside_training() -> None:
    month = np.arange(15)
    folds = rolling_origins(month, SPLIT)
    assert [(month[fit].max(), month[judge].min(), month[judge].max()) for fit, judge in folds] == [
        (5, 6, 8),
        (8, 9, 11),
        (11, 12, 14),
    ]


def test_rolling_origins_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match="do not fit in 15 training months"):
        rolling_origins(np.arange(15), dataclasses.replace(SPLIT, origins=5))


def test_dates_outside_the_split_leave_no_training_and_say_so() -> None:
    w = world(300, 1)
    late = dataclasses.replace(SPLIT, start=datetime.date(2030, 1, 1))
    rows = join(w.matrix, w.labels, w.names, late)
    assert (month_index(w.matrix["as_of"].to_numpy(), late) < 0).all()
    with pytest.raises(
        ModelError,
        match=r"before out-of-time: expected bads and goods, got 0 bads among 0 .* split.start",
    ):
        rows.training()


def test_indeterminates_are_left_out_or_weighted_and_good_for_the_level() -> None:
    w = world(3000, 1)
    rows = join(w.matrix, w.labels, w.names, SPLIT)
    grey = w.labels["application_id"][w.labels["is_indeterminate"]]
    assert len(grey) > 5
    assert not np.isin(rows.training().application_id, grey).any()
    weighted = rows.training(indeterminate_weight=0.25)
    here = np.isin(weighted.application_id, grey)
    assert here.any() and (weighted.label[here] == 0).all()
    assert set(weighted.learning_share[here]) == {0.25}
    assert set(weighted.learning_share[~here]) == {1.0}
    before = rows.before_out_of_time()
    here = np.isin(before.application_id, grey)
    assert here.any() and (before.outcome[here] == 0).all()


def test_all_labelled_months_before_out_of_time_train() -> None:
    w = world(3000, 1)
    train = join(w.matrix, w.labels, w.names, SPLIT).training()
    assert set(train.month) == set(range(18))


def test_an_application_without_a_loan_has_no_outcome() -> None:
    w = world(500, 1)
    labels = w.labels.assign(is_indeterminate=True)
    assert np.array_equal(
        np.isnan(join(w.matrix, labels, w.names, SPLIT).outcome), ~labels["is_booked"]
    )


def test_at_most_takes_rows_at_even_steps() -> None:
    w = world(500, 1)
    rows = join(w.matrix, w.labels, w.names, SPLIT)
    for most, step in ((500, 1), (600, 1), (499, 1), (250, 2), (120, 4)):
        assert np.array_equal(rows.at_most(most).application_id, rows.application_id[::step])


def test_labels_are_joined_by_id_not_by_position() -> None:
    w = world(500, 1)
    rows, shuffled = (
        join(w.matrix, labels, w.names, SPLIT)
        for labels in (w.labels, w.labels.sample(frac=1, random_state=3))
    )
    assert np.array_equal(rows.label, shuffled.label, equal_nan=True)
    with pytest.raises(ModelError, match="100 of 500 applications of the matrix have no row"):
        join(w.matrix, w.labels.iloc[100:], w.names, SPLIT)
    with pytest.raises(ModelError, match="first `nowhere`"):
        join(w.matrix, w.labels, ("nowhere",), SPLIT)
