"""From columns to numbers: special codes, levels, and rates in which a row has no part."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from creditloom.models.fit.encoding import Encoded, EncodingParams, learn_encoding

PARAMS = EncodingParams(min_code_rows=2)
SEEDS = st.integers(0, 10_000)


def learnt(frame: pd.DataFrame, label: object, **given_: object) -> Encoded:
    codes = given_.pop("codes", {})
    y = np.asarray(label, np.int8)
    return learn_encoding(frame, y, {}, codes, PARAMS, 1, **given_)  # type: ignore[arg-type]


def levels(seed: int, n: int = 120, many: int = 40) -> tuple[pd.DataFrame, NDArray[np.int8]]:
    rng = np.random.default_rng(seed)
    texts = np.array([f"m{k}" for k in rng.integers(0, many, n)], object)
    texts[rng.random(n) < 0.1] = None
    return pd.DataFrame({"merchant": texts}), (rng.random(n) < 0.3).astype(np.int8)


def test_a_special_code_is_null_and_an_indicator() -> None:
    frame = pd.DataFrame({"age": [-9.0, -9.0, -8.0, 30.0, 40.0, np.nan]})
    found = learnt(frame, [1, 0, 0, 1, 0, 0], codes={"age": (-9.0, -8.0)})
    # A code in a single row gets no indicator; it is null all the same.
    assert found.encoding.names == ("age", "age=-9")
    assert np.array_equal(
        found.features,
        [[np.nan, 1], [np.nan, 1], [np.nan, 0], [30, 0], [40, 0], [np.nan, 0]],
        equal_nan=True,
    )


def test_names_of_ours_and_of_the_user_never_meet() -> None:
    frame = pd.DataFrame({"f0": [5.0, 5.0, 1.0, 2.0], "f0=5": [1.0, 2.0, 3.0, 4.0]})
    found = learnt(frame, [1, 0, 0, 1], codes={"f0": (5.0,)})
    assert found.encoding.names == ("f0", "f0=5'", "f0=5")
    assert found.features[:, 1].tolist() == [1, 1, 0, 0]
    assert found.encoding.columns[1].column == "f0"


def test_a_category_with_few_levels_reads_one_number_per_level_safest_first() -> None:
    texts = np.array(["a", "b", "c"] * 200, object)
    label = np.array([0, 1, 1] * 100 + [0, 1, 0] * 100, np.int8)
    found = learnt(pd.DataFrame({"home": texts}), label)
    (column,) = found.encoding.columns
    assert column.levels == ("a", "c", "b")
    assert list(column.codes) == sorted(set(column.codes))
    assert np.array_equal(found.features, found.encoding.apply(pd.DataFrame({"home": texts})))
    asked = found.encoding.apply(pd.DataFrame({"home": ["a", "zzz", None]}))[:, 0]
    # An unseen level: neither safer nor riskier than the table. The model adds the caution.
    assert asked[1] == 0.5
    assert np.isnan(asked[2])


@settings(max_examples=15)
@given(SEEDS, st.integers(0, 119))
def test_a_row_has_no_part_in_its_own_rate(seed: int, row: int) -> None:
    frame, label = levels(seed)
    turned = label.copy()
    turned[row] = 1 - turned[row]
    first, second = (learnt(frame, y).features[:, 0] for y in (label, turned))
    assert np.array_equal(first[row], second[row], equal_nan=True)
    # It has a part in the rates of others: without that nothing would be learnt.
    assert np.isnan(first[row]) or not np.array_equal(first, second, equal_nan=True)


@settings(max_examples=8)
@given(SEEDS, st.integers(0, 39))
def test_nor_have_the_other_rows_of_its_borrower(seed: int, who: int) -> None:
    """Catches folds that are drawn by row: a borrower's other loans would tell of this one."""
    frame, label = levels(seed)
    group = np.arange(120) % 40
    turned = np.where(group == who, 1 - label, label)
    first, second = (learnt(frame, y, group=group).features[:, 0] for y in (label, turned))
    assert np.array_equal(first[group == who], second[group == who], equal_nan=True)


def test_weights_move_the_rates_and_their_scale_does_not() -> None:
    frame, label = levels(3, n=600, many=2)
    weight = np.where(label == 1, 3.0, 1.0)
    plain = learnt(frame, label)
    heavy = learnt(frame, label, weight=weight)
    assert np.array_equal(
        plain.features, learnt(frame, label, weight=np.full(600, 7.0)).features, equal_nan=True
    )
    again = learnt(frame, label, weight=weight * 4096)
    assert np.array_equal(heavy.features, again.features, equal_nan=True)
    own = {c.levels[0]: c.codes[0] for c in (*plain.encoding.columns, *heavy.encoding.columns)}
    assert min(heavy.encoding.columns[0].codes) > max(plain.encoding.columns[0].codes), own


@pytest.mark.parametrize("texts", [[None] * 6, ["a"] * 6, ["a"] * 5 + [None]])
def test_columns_with_hardly_a_level_are_read(texts: list[str | None]) -> None:
    frame = pd.DataFrame({"home": np.array(texts, object)})
    found = learnt(frame, [1, 0, 0, 1, 0, 0])
    assert np.array_equal(np.isnan(found.features[:, 0]), frame["home"].isna())
    (unseen,) = found.encoding.apply(pd.DataFrame({"home": ["new"]}))[0]
    assert unseen == pytest.approx(1 / 3, abs=1e-9)


def test_one_group_alone_is_no_fault() -> None:
    frame, label = levels(5)
    found = learnt(frame, label, group=np.zeros(120, int))
    assert np.array_equal(np.isnan(found.features[:, 0]), frame["merchant"].isna())
