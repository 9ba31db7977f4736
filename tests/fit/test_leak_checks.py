"""Warnings about a table: what is planted is found and graded, what is honest is let be."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from creditloom.models.evaluation.groups.column_strength import (
    SortedColumn,
    held_out_auc,
    luck_of_auc,
    strongest_column,
)
from creditloom.models.fit.leaks.checks import table_warnings
from creditloom.models.fit.leaks.protected_groups import NULL_GROUP, OTHER_GROUP, groups_of
from creditloom.models.fit.leaks.proxies import proxies, proxy_warnings
from creditloom.models.fit.leaks.row_copies import row_codes
from creditloom.models.fit.leaks.table_warning import CheckedTable, TableWarning, accepted
from creditloom.models.sample.metrics import auc
from tests.fit.conftest import loans

N = 1_500


def checked(frame: pd.DataFrame, **more: object) -> list[TableWarning]:
    """Warnings about the feature columns of a table of loans, with five folds dealt in turn."""
    fold = np.arange(len(frame)) % 5
    features = frame.drop(columns=["loan", "bad", "day", "sex"], errors="ignore")
    numbers = features.select_dtypes("number").astype(float)
    texts = features.drop(columns=list(numbers)).astype(object)
    content = {
        "frame": features.assign(**numbers, **texts),
        "label": frame["bad"].to_numpy(np.int8),
        "time": None,
        "group": None,
        "folds": [fold == k for k in range(5)],
    }
    return table_warnings(CheckedTable(**{**content, **more}))  # type: ignore[arg-type]


def found(warnings: list[TableWarning]) -> set[tuple[str, str, str]]:
    return {(warning.level, warning.kind, warning.name) for warning in warnings}


@pytest.mark.parametrize("seed", range(11, 16))
def test_an_honest_table_has_no_warning(seed: int) -> None:
    frame = loans(N, seed)
    assert checked(frame, time=frame["day"].to_numpy()) == []


def test_a_column_filled_after_default_is_grave() -> None:
    frame = loans(N)
    rng = np.random.default_rng(2)
    is_filled = (frame["bad"] == 1) & (rng.random(N) < 0.9)
    amount = np.where(is_filled, rng.gamma(2, 500, N), 0.0)
    warnings = checked(frame.assign(recoveries=amount))
    assert ("grave", "pure", "recoveries") in found(warnings)
    [pure] = [warning for warning in warnings if warning.kind == "pure"]
    assert pure.rows == is_filled.sum()
    # The same fact told by a null.
    told = checked(frame.assign(closed=np.where(is_filled, np.nan, rng.normal(size=N))))
    assert ("grave", "pure", "closed") in found(told)


# table: case -> how a column is made of the label and noise, what is found
LEAKS = {
    "nearly the label": (lambda bad, noise: bad + 0.4 * noise, ("leak", "grave")),
    "upside down": (lambda bad, noise: -bad + 0.4 * noise, ("leak", "grave")),
    "in the middle": (lambda bad, noise: np.where(bad == 1, noise / 9, np.sign(noise) + noise / 9),
                      ("leak", "grave")),
    "strong": (lambda bad, noise: bad + 0.5 * noise, ("leak", "warning")),
    "a copy with noise": (lambda bad, noise: np.where(np.abs(noise) > 2.4, 1 - bad, bad),
                          ("copy", "grave")),
}  # fmt: skip


@pytest.mark.parametrize("case", LEAKS)
def test_a_planted_leak_is_graded(case: str) -> None:
    make, (kind, level) = LEAKS[case]
    frame = loans(N)
    noise = np.random.default_rng(3).normal(size=N)
    warnings = checked(frame.assign(x=make(frame["bad"].to_numpy(), noise)))
    assert (level, kind, "x") in found(warnings)
    assert {warning.name for warning in warnings} == {"x"}


def test_many_levels_of_noise_are_no_leak() -> None:
    """In-sample the bad rate of 700 levels tells nearly everything; held out it tells nothing."""
    frame = loans(N)
    frame["shop"] = np.random.default_rng(4).integers(0, 700, N).astype(str)
    assert held_out_auc(pd.factorize(frame["shop"])[0], frame["bad"].to_numpy()) < 0.6
    assert "leak" not in {warning.kind for warning in checked(frame)}


def test_a_column_that_knows_old_outcomes_only() -> None:
    frame = loans(N)
    is_old = np.arange(N) < N * 0.6
    rng = np.random.default_rng(5)
    days_late = np.where(is_old, frame["bad"] * 2 + rng.normal(size=N), rng.normal(size=N))
    warnings = checked(frame.assign(late=days_late), time=frame["day"].to_numpy())
    assert ("warning", "aged", "late") in found(warnings)
    assert "aged" not in {warning.kind for warning in checked(frame.assign(late=days_late))}


# table: case -> rows without a bad (of days one after the other), what is found
PERIODS = {
    "the latest outcomes are not known": (lambda day: day >= N - 200, {("grave", "period", "day")}),
    "a long while without a bad": (lambda day: (day > 300) & (day < 600),
                                   {("warning", "period", "day")}),
    "a few weeks at the end": (lambda day: day >= N - 20, set()),
}  # fmt: skip


@pytest.mark.parametrize("case", PERIODS)
def test_a_period_of_one_class_is_told(case: str) -> None:
    is_good, warnings = PERIODS[case]
    frame = loans(N)
    frame["bad"] = frame["bad"].where(~is_good(np.arange(N)), 0)
    dates = {"time": frame["day"].to_numpy(), "time_name": "day"}
    assert found(checked(frame, **dates)) == warnings


def test_dates_that_tell_bads_from_goods_are_grave() -> None:
    """Goods of last year beside bads of the year before: every column that moves would learn it."""
    frame = loans(N)
    frame["bad"] = (np.arange(N) < 500).astype(int)
    [warning] = checked(frame[["loan", "bad", "income"]], time=frame["day"].to_numpy())
    assert (warning.level, warning.kind, warning.name) == ("grave", "period", "time")
    assert "AUC 1.000" in warning.text and "500 rows against 1,000" in warning.text


def test_copies_across_folds_are_counted_and_grave() -> None:
    frame = loans(N)
    frame.loc[1001:1100] = frame.loc[0:99].to_numpy()
    frame = frame.infer_objects()
    [warning] = checked(frame)
    assert (warning.level, warning.kind, warning.name) == ("grave", "copies", "copies")
    # Whatever the folds are.
    shifted = checked(frame, folds=[np.arange(N) < 500, np.arange(N) >= 500])
    assert shifted[0].rows == 200
    few = frame[["bad"]].assign(a=np.arange(N) % 3, b=np.arange(N) % 2)
    assert found(checked(few)) == {("warning", "copies", "copies")}


def test_null_equals_null_in_copies() -> None:
    frame = pd.DataFrame({"a": [1.0, np.nan, np.nan, 2.0], "b": ["x", None, None, "x"]})
    codes = row_codes(frame)
    assert codes[1] == codes[2]
    assert len(set(codes.tolist())) == 3


def test_a_borrower_with_several_loans_is_told_unless_named() -> None:
    frame = loans(N).assign(customer=np.arange(N) // 3 * 7 + 100)
    warnings = checked(frame)
    assert found(warnings) == {("warning", "borrower", "customer")}
    assert "--group customer" in warnings[0].next_step
    assert checked(loans(N), group=np.arange(N) // 3) == []


def test_a_warning_is_accepted_by_its_name() -> None:
    frame = loans(N)
    warnings = checked(frame.assign(x=frame["bad"] * 1.0))
    assert [warning.is_accepted for warning in accepted(warnings, ["y"])] == [False]
    assert [warning.is_accepted for warning in accepted(warnings, ["x"])] == [True]


# Protected columns.


def test_a_protected_column_under_another_name_is_found() -> None:
    frame = loans(N)
    rng = np.random.default_rng(6)
    features = frame[["income", "debt"]].assign(gender_code=(frame["sex"] == "m") * 1.0)
    [figure] = proxies(features, frame[["sex"]], rng.random(N))
    assert (figure.feature, figure.hidden_rows) == ("gender_code", 0)
    assert figure.feature_auc == 1.0
    assert figure.score_auc < 0.6
    assert [warning.level for warning in proxy_warnings([figure])] == ["grave"]
    [honest] = proxies(features[["income", "debt"]], frame[["sex"]], rng.random(N))
    assert proxy_warnings([honest]) == []


def test_a_score_that_tells_a_group_of_three_is_found() -> None:
    """One group against the rest, in the middle of the scores: no order of the groups shows it."""
    group = np.random.default_rng(7).integers(0, 3, N)
    score = np.array([0.1, 0.5, 0.9])[group] + 0.01 * np.random.default_rng(8).random(N)
    frame = pd.DataFrame({"x": np.random.default_rng(9).normal(size=N)})
    protected = pd.DataFrame({"origin": np.array(["a", "b", "c"])[group]})
    [figure] = proxies(frame, protected, score)
    assert [(w.level, w.name) for w in proxy_warnings([figure])] == [("grave", "origin")]


def test_rows_of_groups_that_are_not_shown_are_counted() -> None:
    group = np.array(["a"] * 60 + ["b"] * 35 + ["c"] * 5)
    frame = pd.DataFrame({"x": np.arange(100.0)})
    [figure] = proxies(frame, pd.DataFrame({"g": group}), np.arange(100.0))
    assert figure.hidden_rows == 5


# table: type of a protected column -> its values, the number of its groups
TYPES = {
    "few numbers": ([1, 2, 3] * 40, 3),
    "many numbers": (list(range(120)), 4),
    "decimals": ([Decimal(k) / 7 for k in range(120)], 4),
    "dates": ([dt.datetime(2000, 1, 1) + dt.timedelta(days=k) for k in range(120)], 4),
    "truths": ([True, False] * 60, 2),
    "texts": (["f", "m"] * 60, 2),
    "many texts": ([f"t{k % 60}" for k in range(120)], 20),
    "lists": ([[k % 2] for k in range(120)], 2),
}


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_has_a_grouping_and_every_row_a_group(kind: str) -> None:
    values, groups = TYPES[kind]
    column = pd.Series(values)
    assert len(set(groups_of(column).tolist())) == groups
    some = column.astype(object).where(np.arange(120) % 4 != 0, None)
    if kind not in ("few numbers", "truths"):
        some = some.infer_objects()
    found_groups = groups_of(some)
    assert (found_groups == NULL_GROUP).sum() == 30
    assert len(found_groups) == 120
    assert (OTHER_GROUP in found_groups) == (kind == "many texts")


@pytest.mark.parametrize("seed", range(11, 16))
def test_the_figures_of_counts_are_those_of_rows(seed: int) -> None:
    """The slow obvious way: rank rows by value, null at either end; look at every range."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 9, 200).astype(float)
    values[rng.random(200) < 0.1] = np.nan
    label = (rng.random(200) < np.where(values > 6, 0.95, 0.3)).astype(np.int8)
    column = SortedColumn.of(pd.Series(values))
    ends = [auc(label, np.where(np.isnan(values), end, values)) for end in (-1.0, 99.0)]
    assert column.rank_auc(label) == pytest.approx(max(max(x, 1 - x) for x in ends))
    ranges = [(values >= low) & (values <= high) for low in range(9) for high in range(low, 9)]
    pure = [int(mask.sum()) for mask in (*ranges, np.isnan(values)) if label[mask].all()]
    assert column.longest_pure(label)[0] == max(pure, default=0)
    # Nine values are nine bins, and null is one.
    assert len(np.unique(column.bins)) == 10


def test_noise_is_known_as_luck() -> None:
    rng = np.random.default_rng(10)
    label = (rng.random(400) < 0.3).astype(np.int8)
    noise = pd.DataFrame(rng.normal(size=(400, 30)), columns=[f"x{k}" for k in range(30)])
    assert strongest_column(noise, label)[1] < luck_of_auc(label, 30)
    told = noise.assign(x7=label + noise["x7"])
    name, figure = strongest_column(told, label)
    assert name == "x7"
    assert figure > luck_of_auc(label, 30)
