"""Table `kernel`: our SHAP kernel (margins, exact SHAP values, reasons), compared with others.

The others are LightGBM, shap and woodelf. LightGBM's plain predict, which explains nothing, is
compared too.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import lightgbm as lgb
import numpy as np

from creditloom.decision.score.contributions.explainer import Explainer
from creditloom.models.learners.booster import shared_settings, train_booster
from creditloom.pipeline.proof.bench.row import BenchRow, compare

# Numbers of features and of concepts: about those of the delivered model.
FEATURES = 200
CONCEPTS = 20
NULL_SHARE = 0.047  # of the values
TOP = 4  # concepts that are named as reasons
# Numbers of rows: for training, for explaining, and for explaining with `--quick`.
TRAINING_ROWS = 20_000
ROWS = 40_000
QUICK_ROWS = 8_000
SHAPES = ((500, 6), (400, 4))  # trees, depth; the bars are for the first shape
# Number of cores of the machine on which the figures were measured, and number of rounds.
THREADS = 2
ROUNDS = 5
EXPLAINED = 200  # rows that the slow rivals explain; all seconds are per row
SCALE = -28.0  # points per unit of log-odds: any number but zero
OURS = "Explainer(text, 2).points(x, scale, owner, reference), np.argpartition(points, 4, axis=1)"
THEIRS = {
    "pred_contrib": "booster.predict(x, pred_contrib=True, num_threads=2)",
    "TreeExplainer": "shap.TreeExplainer(booster).shap_values(x)",
    "woodelf": "woodelf.WoodelfExplainer(booster).shap_values(frame), in float32",
    "predict": "booster.predict(x, raw_score=True, num_threads=2), which explains nothing",
}
# Rival -> (bar, aim) for the first shape.
BARS = {"pred_contrib": (1 / 120, 1 / 250), "predict": (1 / 1.2, 1 / 3)}
# Largest difference of our SHAP values from LightGBM's, in log-odds: rounding only.
MAX_DIFFERENCE = 1e-10
Work = Callable[[np.ndarray], object]


def run(quick: bool) -> list[BenchRow]:
    """Measure ours and theirs in turns, for each shape of forest.

    Each uses two threads. The unit is microseconds of wall time per row.
    """
    rows = QUICK_ROWS if quick else ROWS
    rounds = 3 if quick else ROUNDS
    shapes = SHAPES[:1] if quick else SHAPES
    return [row for trees, depth in shapes for row in _shape(trees, depth, rows, rounds)]


def matrix(rows: int, seed: int = 0) -> np.ndarray:
    """Return rows x FEATURES of normal values with nulls (NaN)."""
    # Draw features x rows and transpose: the columns are then contiguous in memory, as in the batch
    # job.
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(FEATURES, rows))
    x[rng.random(x.shape) < NULL_SHARE] = np.nan
    return x.T


def forest(trees: int, depth: int) -> lgb.Booster:
    """Return a binary booster of full trees; twenty of its features carry the signal."""
    x = matrix(TRAINING_ROWS)
    rng = np.random.default_rng(1)
    signal = np.nan_to_num(x[:, :20]).sum(axis=1)
    y = signal + 3.0 * rng.normal(size=len(x)) > 4.0
    settings = {
        "objective": "binary",
        "max_depth": depth,
        "num_leaves": 2**depth,
        "learning_rate": 0.05,
        # Use one thread: on a busy machine two threads are slower.
        **shared_settings(threads=1, seed=1),
    }
    return train_booster(settings, lgb.Dataset(x, y), trees)


def _shape(trees: int, depth: int, rows: int, rounds: int) -> list[BenchRow]:
    booster = forest(trees, depth)
    kernel = Explainer(booster.model_to_string(), THREADS)
    x = matrix(rows, seed=2)
    few = np.ascontiguousarray(x[:EXPLAINED])
    ours = _ours(kernel)
    # Rival -> what it does, and the rows it does it for.
    rivals = {
        "pred_contrib": (_contributions(booster), few),
        "TreeExplainer": (_shap(booster), few),
        "woodelf": (_woodelf(booster), x),
        "predict": (_predict(booster), x),
    }
    # Compile, or read the compiled code from the cache, before anything is measured.
    ours(x)
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in rivals}
    for _ in range(rounds):
        mine = _microseconds_a_row(ours, x)
        for name, (work, given) in rivals.items():
            pairs[name].append((mine, _microseconds_a_row(work, given)))
    size = f"{trees} trees of depth {depth}, {FEATURES} features, {THREADS} threads"
    bars = BARS if (trees, depth) == SHAPES[0] else {}
    table = []
    for name, measured in pairs.items():
        what = f"margin, SHAP and top {TOP} beside {name}; {size}"
        commands = (OURS, THEIRS[name])
        row = compare("kernel", what, commands, "us a row", measured, *bars.get(name, ()))
        table.append(row)
    return [*table, *_differences(booster, kernel, few, size)]


def _ours(kernel: Explainer) -> Work:
    owner = np.arange(FEATURES) % CONCEPTS
    reference = np.zeros(FEATURES)

    def explain(x: np.ndarray) -> object:
        points = kernel.points(x, SCALE, owner, reference)[1]
        return np.argpartition(points, TOP, axis=1)

    return explain


def _differences(
    booster: lgb.Booster, kernel: Explainer, x: np.ndarray, size: str
) -> list[BenchRow]:
    """Return how far our values are from LightGBM's; the speed counts only for equal values."""
    raw, phi = kernel.contributions(x)
    # The last column of pred_contrib is the expected value.
    theirs = np.asarray(booster.predict(x, pred_contrib=True, num_threads=THREADS))[:, :-1]
    gap = float(np.abs(phi - theirs).max())
    unequal = float(np.sum(raw != booster.predict(x, raw_score=True)))
    commands = ("Explainer(text, 2).contributions(x)", THEIRS["pred_contrib"])
    distance = f"largest difference from pred_contrib; {size}"
    bits = f"margins of {len(x)} rows that differ in a bit; {size}"
    rows = float(len(x))
    return [
        compare("kernel", distance, commands, "log-odds", [(gap, 1.0)], MAX_DIFFERENCE),
        compare("kernel", bits, commands, "rows", [(unequal, rows)], 0.0),
    ]


def _contributions(booster: lgb.Booster) -> Work:
    return lambda x: booster.predict(x, pred_contrib=True, num_threads=THREADS)


def _predict(booster: lgb.Booster) -> Work:
    return lambda x: booster.predict(x, raw_score=True, num_threads=THREADS)


def _shap(booster: lgb.Booster) -> Work:
    import shap

    explainer = shap.TreeExplainer(booster)

    def explain(x: np.ndarray) -> object:
        # shap warns at every call that the shape of its result has changed in some release.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return explainer.shap_values(x)

    return explain


def _woodelf(booster: lgb.Booster) -> Work:
    import pandas as pd
    from woodelf import WoodelfExplainer

    explainer = WoodelfExplainer(booster)
    names = booster.feature_name()
    return lambda x: explainer.shap_values(pd.DataFrame(x, columns=names), verbose=False)


def _microseconds_a_row(work: Work, x: np.ndarray) -> float:
    start = time.perf_counter()
    work(x)
    return 1e6 * (time.perf_counter() - start) / len(x)
