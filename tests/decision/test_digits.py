"""Numbers as texts, many at once: the same as Python's own format, digit by digit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditloom.decision.reasons.text import NUMBER, PERCENTAGE, YUAN, Style
from creditloom.decision.reasons.words import FEW

STYLES = [NUMBER, YUAN, PERCENTAGE]
NEAR_HALVES = [
    0.005,
    -0.005,
    1.005,
    0.025,
    0.25,
    0.05,
    999.995,
    999_999.995,
    0.5,
    1.5,
    -0.0,
    0.0,
    -1e-9,
]


@pytest.mark.parametrize("style", STYLES)
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_many_are_written_as_each_alone(style: Style, values: list[float]) -> None:
    alone = [style.one(value) for value in values]
    assert style.many(np.array(values * (FEW + 1))).to_pylist() == alone * (FEW + 1)
    assert style.many(np.array(values)).to_pylist() == alone


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("decimals", [0, 1, 2, 3, 5])
def test_money_and_shares_of_every_size(style: Style, decimals: int) -> None:
    rng = np.random.default_rng(decimals)
    values = np.concatenate(
        [
            NEAR_HALVES,
            *(np.round(rng.normal(0, 10.0**size, 200), decimals) for size in range(-3, 13)),
        ]
    )
    assert style.many(values).to_pylist() == [style.one(value) for value in values.tolist()]


# table: a case a row
@pytest.mark.parametrize(
    ("style", "value", "text"),
    [
        (NUMBER, 1234567.0, "1,234,567"),
        (NUMBER, 1234.5, "1,234.50"),
        (NUMBER, -0.001, "0"),
        (NUMBER, -1234.567, "-1,234.57"),
        (YUAN, 999_999.0, "999,999"),
        (PERCENTAGE, -0.01, "-0.0"),
        (PERCENTAGE, 1234.56, "1234.6"),
    ],
)
def test_how_they_look(style: Style, value: float, text: str) -> None:
    assert style.many(np.array([value])).to_pylist() == [text]
    assert style.many(np.full(FEW + 1, value)).to_pylist() == [text] * (FEW + 1)
