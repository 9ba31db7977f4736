"""What falls before training, and why."""

from __future__ import annotations

import numpy as np

from creditloom.models.selection.feature_choice import SelectionParams, select

PARAMS = SelectionParams()
RNG = np.random.default_rng(5)
N = 3000
MONTH = np.repeat(np.arange(15), N // 15)
GOOD = RNG.normal(size=N)


def fallen(**columns: np.ndarray) -> dict[str, str]:
    kept, out = select(
        np.column_stack([GOOD, *columns.values()]), ("good", *columns), MONTH, PARAMS
    )
    assert set(kept) | {f.name for f in out} == {"good", *columns} and "good" in kept
    return {f.name: f.reason for f in out}


def test_constant_empty_double_and_drift_fall() -> None:
    empty = np.where(RNG.random(N) < 0.97, np.nan, GOOD)
    drift = RNG.normal(size=N) + 0.2 * MONTH
    found = fallen(flat=np.full(N, 3.0), empty=empty, double=5 - 2 * GOOD, drift=drift)
    assert found == {"flat": "constant", "empty": "empty", "double": "double", "drift": "drift"}


def test_null_is_a_value_so_yes_or_null_is_no_constant() -> None:
    """A flag that is yes or null tells as much as one that is yes or no."""
    flag = np.where(RNG.random(N) < 0.4, 1.0, np.nan)
    assert fallen(flag=flag, flat=np.ones(N)) == {"flat": "constant"}


def test_neither_a_new_shape_nor_other_nulls_are_a_double() -> None:
    assert fallen(exp=np.exp(GOOD), holes=np.where(RNG.random(N) < 0.3, np.nan, GOOD)) == {}


def test_a_feature_that_stops_coming_drifts() -> None:
    assert fallen(
        gone=np.where((MONTH > 9) & (RNG.random(N) < 0.5), np.nan, RNG.normal(size=N))
    ) == {"gone": "drift"}


def test_of_three_doubles_the_first_stays() -> None:
    other = RNG.normal(size=N)
    kept, out = select(np.column_stack([other, 2 * other, -other]), ("a", "b", "c"), MONTH, PARAMS)
    assert kept == ("a",) and {f.name: f.of for f in out} == {"b": "a", "c": "a"}
