"""The kernel behaves exactly as LightGBM does, missing and infinite values included.

`pred_contrib` is the oracle.
"""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditloom.decision.score.contributions.block import explain_rows, run_block
from creditloom.decision.score.contributions.explainer import CHUNK, Explainer
from creditloom.decision.score.contributions.forest import UnsupportedModel, scan
from creditloom.decision.score.contributions.lanes import BLOCK
from creditloom.decision.score.contributions.program import BUSH, DOWN, compile_forest
from creditloom.decision.score.tree_model import by_concept

# LightGBM reads a value as zero up to here: the float32 nearest to 1e-35.
ZERO = float(np.float32(1e-35))
EDGES_OF_ZERO = [ZERO, np.nextafter(ZERO, 1.0), np.nextafter(1e-35, 1.0)]
WILD = np.array(
    [
        *EDGES_OF_ZERO,
        np.nan,
        np.inf,
        -np.inf,
        0.0,
        -0.0,
        5e-324,
        -1e-35,
        1e-36,
        1.7976931348623157e308,
        1.0,
        -1.0,
    ]
)


def data(rows: int, columns: int, nulls: float, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)).round(2)
    y = (x[:, 0] + x[:, 1] * x[:, 2] + rng.normal(size=rows) > 0.3).astype(float)
    x[rng.random(x.shape) < nulls] = np.nan
    return x, y


def booster(x: np.ndarray, y: np.ndarray, trees: int = 25, **params: object) -> lgb.Booster:
    given_ = {
        "objective": "binary",
        "verbosity": -1,
        "num_threads": 1,
        "seed": 1,
        "min_data_in_leaf": 5,
        **params,
    }
    return lgb.train(given_, lgb.Dataset(x, y), trees)


def assert_same(model: lgb.Booster, x: np.ndarray, threads: int = 1) -> None:
    kernel = Explainer(model.model_to_string(), threads)
    raw, phi = kernel.contributions(x)
    wanted = model.predict(x, pred_contrib=True, num_threads=1)
    assert np.array_equal(raw, model.predict(x, raw_score=True, num_threads=1))
    assert np.abs(phi - wanted[:, :-1]).max() < 1e-10
    # To the bit: a bundle's base is the kernel's, before LightGBM is loaded.
    assert kernel.base == wanted[0, -1]
    assert np.abs(kernel.base + phi.sum(axis=1) - raw).max() < 1e-9
    assert np.array_equal(kernel.margins(x), raw)
    assert_points(kernel, x, wanted[:, :-1])


def assert_points(kernel: Explainer, x: np.ndarray, phi: np.ndarray) -> None:
    """Points per concept and the leading feature agree with LightGBM's own contributions."""
    owner = np.arange(x.shape[1]) % 3
    scale = -28.0
    reference = np.linspace(-1.0, 1.0, x.shape[1])
    raw, points, lead = kernel.points(x, scale, owner, reference)
    slow, leader = by_concept(scale * phi, owner, reference, kernel.used)
    assert np.array_equal(raw, kernel.margins(x))
    assert np.abs(points - slow).max() < 1e-9
    assert np.array_equal(lead < 0, leader < 0)
    gain = np.round(scale * phi - reference, 6)
    rows = np.arange(len(x))[:, None]
    assert (
        np.abs(np.where(lead < 0, 0.0, gain[rows, lead] - gain[rows, leader])).max() < 1.5e-6
    )  # equal, or equal up to the last decimal


@pytest.mark.parametrize("depth", [1, 2, 4, 6])
def test_every_depth(depth: int) -> None:
    x, y = data(700, 6, 0.1)
    assert_same(booster(x, y, max_depth=depth, num_leaves=2**depth), x)


@pytest.mark.parametrize("columns", [1, 2])
def test_features_that_come_again_on_a_path(columns: int) -> None:
    x, y = data(900, 3, 0.05)
    model = booster(x[:, :columns], y, max_depth=7, num_leaves=60)
    program = compile_forest(scan(model.model_to_string()))
    assert np.any(program.code[:, 0] == DOWN + 1)
    assert_same(model, x[:, :columns])


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"use_missing": False},
        {"zero_as_missing": True},
        {"extra_trees": True},
        {"linear_tree": False},
    ],
)
def test_every_way_to_read_a_missing_value(params: dict[str, object]) -> None:
    x, y = data(800, 5, 0.2)
    x[:100] = np.where(np.random.default_rng(0).random((100, 5)) < 0.5, 0.0, x[:100])
    assert_same(booster(x, y, **params), np.vstack([x, np.tile(WILD[:, None], (1, 5))]))


def test_nulls_only_at_scoring() -> None:
    x, y = data(600, 4, 0.0)
    wild = np.random.default_rng(1).choice(WILD, size=(200, 4))
    assert_same(booster(x, y), wild)


def test_all_values_left_and_nulls_right() -> None:
    x = np.array([[1.0]] * 200 + [[np.nan]] * 200)
    y = np.array([0.0] * 180 + [1.0] * 20 + [1.0] * 180 + [0.0] * 20)
    assert_same(booster(x, y, trees=3), np.array([[1.0], [np.nan], [np.inf], [-np.inf], [1e308]]))


def test_stumps_and_trees_without_a_split() -> None:
    x, y = data(300, 3, 0.0)
    assert_same(booster(x, y, trees=5, num_leaves=2), x)
    flat = booster(np.zeros((300, 3)), y, trees=2)
    assert_same(flat, np.zeros((3, 3)))


@pytest.fixture(scope="module")
def deep() -> lgb.Booster:
    x, y = data(1500, 8, 0.1)
    return booster(x, y, trees=40, max_depth=5, num_leaves=28)


any_floats = st.floats(allow_nan=True, allow_infinity=True, width=64)
any_rows = st.lists(any_floats, min_size=8, max_size=8)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(any_rows, min_size=1, max_size=5))
def test_any_float(deep: lgb.Booster, rows: list[list[float]]) -> None:
    assert_same(deep, np.array(rows))


@pytest.mark.parametrize("rows", [1, BLOCK - 1, BLOCK, BLOCK + 1, CHUNK, 2 * CHUNK + 3])
def test_a_row_gives_the_same_bits_alone_in_a_batch_and_over_threads(
    deep: lgb.Booster, rows: int
) -> None:
    x, _ = data(rows, 8, 0.1, seed=9)
    text = deep.model_to_string()
    raw, phi = Explainer(text, 1).contributions(x)
    two = Explainer(text, 2).contributions(x)
    alone = Explainer(text, 1).contributions(x[-1:])
    assert np.array_equal(raw, two[0]) and np.array_equal(phi, two[1])
    assert raw[-1] == alone[0][0] and np.array_equal(phi[-1], alone[1][0])
    concepts = (-28.0, np.arange(8) % 3, np.zeros(8))
    one_thread = Explainer(text, 1).points(x, *concepts)
    two_threads = Explainer(text, 2).points(x, *concepts)
    last_row = Explainer(text, 1).points(x[-1:], *concepts)
    assert all(np.array_equal(a, b) for a, b in zip(one_thread, two_threads, strict=True))
    assert all(np.array_equal(a[-1], b[0]) for a, b in zip(one_thread, last_row, strict=True))


def test_the_order_in_memory_does_not_matter(deep: lgb.Booster) -> None:
    """Column by column, row by row, every second row of a larger matrix, or read-only."""
    x, _ = data(130, 8, 0.1, seed=4)
    kernel = Explainer(deep.model_to_string(), 1)
    frozen = x.copy()
    frozen.flags.writeable = False
    wanted = kernel.contributions(x)
    for other in (np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2], frozen):
        assert all(
            np.array_equal(one, two)
            for one, two in zip(wanted, kernel.contributions(other), strict=True)
        )


def test_a_call_compiles_nothing_once_it_has_run(deep: lgb.Booster) -> None:
    """Typing anew at every call took ten milliseconds: longer than the decision itself."""
    x, _ = data(70, 8, 0.1)
    kernel = Explainer(deep.model_to_string(), 1)
    kernel.contributions(x)
    before = [len(compiled.signatures) for compiled in (explain_rows, run_block)]
    kernel.contributions(x[:1])
    kernel.contributions(np.asfortranarray(x))
    assert [len(compiled.signatures) for compiled in (explain_rows, run_block)] == before
    assert "Literal" not in str([explain_rows.signatures, run_block.signatures])


def test_no_rows(deep: lgb.Booster) -> None:
    raw, phi = Explainer(deep.model_to_string(), 2).contributions(np.empty((0, 8)))
    assert raw.shape == (0,) and phi.shape == (0, 8)


def test_most_splits_are_done_in_bushes() -> None:
    x, y = data(1500, 40, 0.0)
    program = compile_forest(scan(booster(x, y, max_depth=4, num_leaves=16).model_to_string()))
    ops = program.code[:, 0]
    assert 3 * np.sum(ops == BUSH) > np.sum(ops > BUSH) / 2


def test_what_it_cannot_explain_is_refused() -> None:
    x, y = data(400, 3, 0.0)
    x[:, 0] = np.random.default_rng(2).integers(0, 12, len(x))
    params = {"objective": "binary", "verbosity": -1, "num_threads": 1, "min_data_per_group": 5}
    categorical = lgb.train(params, lgb.Dataset(x, x[:, 0] % 2, categorical_feature=[0]), 5)
    with pytest.raises(UnsupportedModel, match="categorical"):
        Explainer(categorical.model_to_string(), 1)
    linear = booster(x, y, linear_tree=True)
    with pytest.raises(UnsupportedModel, match="linear"):
        Explainer(linear.model_to_string(), 1)


def test_covers_that_do_not_add_up_are_refused(deep: lgb.Booster) -> None:
    text = deep.model_to_string()
    line = next(row for row in text.splitlines() if row.startswith("internal_count="))
    first, *rest = line.split("=")[1].split()
    broken = text.replace(line, f"internal_count={int(first) + 1} " + " ".join(rest), 1)
    with pytest.raises(UnsupportedModel, match="covers"):
        Explainer(broken, 1)
