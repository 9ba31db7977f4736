"""The guard of the kernel.

Points that LightGBM does not give are never shown, and a kernel that was wrong once is not used
again.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from creditloom.decision.score.tree_model import SINGLE_ROWS_PER_CHECK, Margin
from tests.decision.small import booster_text

N = 6
SCALE = -20.0
OWNER = np.array([0, 0, 1, 1, 2, 2])
NOTHING = np.zeros(N)
Lie = Callable[[np.ndarray], np.ndarray]


def _more(points: np.ndarray) -> np.ndarray:
    """Points that do not add up."""
    return np.asarray(np.add(points, [1e-6, 0.0, 0.0]))


def _moved(points: np.ndarray) -> np.ndarray:
    """Points that add up, under the wrong concept."""
    return np.asarray(np.add(points, [0.5, -0.5, 0.0]))


@pytest.fixture
def margin() -> Margin:
    return Margin(
        booster_text(np.random.default_rng(3), N, trees=10), tuple(f"f{k}" for k in range(N)), 1
    )


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(4).normal(size=(4 * SINGLE_ROWS_PER_CHECK, N))


def _corrupt(margin: Margin, monkeypatch: pytest.MonkeyPatch, lie: Lie) -> None:
    kernel = margin._kernel
    assert kernel is not None
    honest = kernel.points

    def lying(*asked: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        raw, points, lead = honest(*asked)
        return raw, lie(points), lead

    monkeypatch.setattr(kernel, "points", lying)


def _points(margin: Margin, x: np.ndarray) -> np.ndarray:
    return margin.points(x, SCALE, OWNER, NOTHING)[0]


def _theirs(margin: Margin, x: np.ndarray) -> np.ndarray:
    return margin._slow_points(x, SCALE, OWNER, NOTHING)[0]


@pytest.mark.parametrize("lie", [_more, _moved])
def test_no_batch_is_told_a_wrong_point(
    margin: Margin, x: np.ndarray, monkeypatch: pytest.MonkeyPatch, lie: Lie
) -> None:
    _corrupt(margin, monkeypatch, lie)
    with pytest.warns(RuntimeWarning, match="LightGBM serves"):
        assert np.array_equal(_points(margin, x), _theirs(margin, x))
    assert margin._kernel is None
    assert np.array_equal(margin.raw(x), margin._raw(x))


def test_every_row_alone_must_add_up(
    margin: Margin, x: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    _points(margin, x[:1])
    _corrupt(margin, monkeypatch, _more)
    with pytest.warns(RuntimeWarning, match="LightGBM serves"):
        assert np.array_equal(_points(margin, x[1:2]), _theirs(margin, x[1:2]))


def test_rows_alone_are_held_against_lightgbm_in_turns(
    margin: Margin, x: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    _points(margin, x[:1])
    _corrupt(margin, monkeypatch, _moved)
    with pytest.warns(RuntimeWarning, match="LightGBM serves"):
        for k in range(1, SINGLE_ROWS_PER_CHECK + 1):
            _points(margin, x[k : k + 1])
    assert np.array_equal(_points(margin, x), _theirs(margin, x))


def test_a_first_row_alone_is_held_against_lightgbm(
    margin: Margin, x: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    _corrupt(margin, monkeypatch, _moved)
    with pytest.warns(RuntimeWarning, match="LightGBM serves"):
        _points(margin, x[:1])
