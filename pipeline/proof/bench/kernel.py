"""Table `kernel`: margins, exact SHAP values and reasons beside what else gives them, and beside LightGBM's predict that gives none."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import lightgbm as lgb
import numpy as np

from creditloom.decision.score.contributions.explainer import Explainer
from creditloom.pipeline.proof.bench.row import BenchRow, compare

FEATURES, CONCEPTS, NULL_SHARE, TOP = 200, 20, 0.047, 4
TRAINING_ROWS, ROWS, QUICK_ROWS = 20_000, 40_000, 8_000
SHAPES = ((500, 6), (400, 4))  # trees, depth; the bars are those of the first
THREADS, ROUNDS = 2, 5
EXPLAINED = 200  # rows that the slow ones explain; their seconds are per row like ours
SCALE = -28.0  # points per unit of log-odds: any number but zero


def run(quick: bool) -> list[BenchRow]:
    """For each shape of forest: rounds of ours and theirs in turns, two threads each, microseconds a row of wall time."""
    shapes = SHAPES[:1] if quick else SHAPES
    return [
        row
        for trees, depth in shapes
        for row in _shape(trees, depth, QUICK_ROWS if quick else ROWS, 3 if quick else ROUNDS)
    ]


def matrix(rows: int, seed: int = 0) -> np.ndarray:
    """Normal columns with nulls, column by column in memory as the batch job has them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(FEATURES, rows))
    x[rng.random(x.shape) < NULL_SHARE] = np.nan
    return x.T


def forest(trees: int, depth: int) -> lgb.Booster:
    """A binary booster of full trees; twenty of its features carry the signal. One thread: a busy machine makes two slower."""
    x, rng = matrix(TRAINING_ROWS), np.random.default_rng(1)
    y = np.nan_to_num(x[:, :20]).sum(axis=1) + 3.0 * rng.normal(size=len(x)) > 4.0
    given = {
        "objective": "binary",
        "max_depth": depth,
        "num_leaves": 2**depth,
        "learning_rate": 0.05,
        "verbosity": -1,
        "seed": 1,
    }
    return lgb.train({**given, "num_threads": 1}, lgb.Dataset(x, y), trees)


def _shape(trees: int, depth: int, rows: int, rounds: int) -> list[BenchRow]:
    booster, x = forest(trees, depth), matrix(rows, seed=2)
    kernel = Explainer(booster.model_to_string(), THREADS)
    owner, reference = np.arange(FEATURES) % CONCEPTS, np.zeros(FEATURES)

    def ours() -> None:
        points = kernel.points(x, SCALE, owner, reference)[1]
        np.argpartition(points, TOP, axis=1)

    few = np.ascontiguousarray(x[:EXPLAINED])
    rivals = {
        "pred_contrib": (few, _contributions(booster)), "TreeExplainer": (few, _shap(booster)),
        "woodelf": (x, _woodelf(booster)), "predict": (x, _predict(booster)),
    }  # fmt: skip
    ours()  # compiled, or read from the cache
    found = [
        (
            _seconds(ours) / rows,
            {name: _seconds(work, z) / len(z) for name, (z, work) in rivals.items()},
        )
        for _ in range(rounds)
    ]
    size = f"{trees} trees of depth {depth}, {FEATURES} features, {THREADS} threads"
    bars = (
        {"pred_contrib": (1 / 120, 1 / 250), "predict": (1 / 1.2, 1 / 3)}
        if (trees, depth) == SHAPES[0]
        else {}
    )
    made = [
        compare("kernel", f"margin, SHAP and top {TOP} beside {name}; {size}", (OURS, THEIRS[name]), "us a row",
                [(1e6 * mine, 1e6 * theirs[name]) for mine, theirs in found], *bars.get(name, ()))
        for name in rivals
    ]  # fmt: skip
    return [*made, *_differences(booster, kernel, few, size)]


OURS = "Explainer(text, 2).points(x, scale, owner, reference), np.argpartition(points, 4, axis=1)"
THEIRS = {
    "pred_contrib": "booster.predict(x, pred_contrib=True, num_threads=2)",
    "TreeExplainer": "shap.TreeExplainer(booster).shap_values(x)",
    "woodelf": "woodelf.WoodelfExplainer(booster).shap_values(frame), in float32",
    "predict": "booster.predict(x, raw_score=True, num_threads=2), which explains nothing",
}


def _differences(
    booster: lgb.Booster, kernel: Explainer, x: np.ndarray, size: str
) -> list[BenchRow]:
    raw, phi = kernel.contributions(x)
    gap = float(np.abs(phi - np.asarray(_contributions(booster)(x))[:, :-1]).max())
    unequal = float(np.sum(raw != booster.predict(x, raw_score=True)))
    commands = "Explainer(text, 2).contributions(x)", THEIRS["pred_contrib"]
    return [
        compare(
            "kernel",
            f"largest difference from pred_contrib; {size}",
            commands,
            "log-odds",
            [(gap, 1.0)],
            1e-10,
        ),
        compare(
            "kernel",
            f"margins of {len(x)} rows that differ in a bit; {size}",
            commands,
            "rows",
            [(unequal, float(len(x)))],
            0.0,
        ),
    ]


def _contributions(booster: lgb.Booster) -> Callable[[np.ndarray], object]:
    return lambda x: booster.predict(x, pred_contrib=True, num_threads=THREADS)


def _predict(booster: lgb.Booster) -> Callable[[np.ndarray], object]:
    return lambda x: booster.predict(x, raw_score=True, num_threads=THREADS)


def _shap(booster: lgb.Booster) -> Callable[[np.ndarray], object]:
    import shap

    explainer = shap.TreeExplainer(booster)

    def explain(x: np.ndarray) -> object:
        with warnings.catch_warnings():  # every call says that the shape of its answer changed once
            warnings.simplefilter("ignore", UserWarning)
            return explainer.shap_values(x)

    return explain


def _woodelf(booster: lgb.Booster) -> Callable[[np.ndarray], object]:
    import pandas as pd
    from woodelf import WoodelfExplainer

    explainer, names = WoodelfExplainer(booster), booster.feature_name()
    return lambda x: explainer.shap_values(pd.DataFrame(x, columns=names), verbose=False)


def _seconds(work: Callable[..., object], *given: np.ndarray) -> float:
    start = time.perf_counter()
    work(*given)
    return time.perf_counter() - start
