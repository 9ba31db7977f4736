"""A crafted model.txt with a fitting manifest is refused, or scored as LightGBM scores it.

LightGBM trusts its text and ends the process; so each mutation is read in a child process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.score.contributions.block import ZERO
from creditloom.decision.score.model_text import check_model_text
from creditloom.decision.score.tree_model import Margin
from tests.decision.small import booster_text

N = 6
NAMES = tuple(f"f{k}" for k in range(N))
# Mutations read by one child before the next one takes over.
BATCH = 125


def text() -> str:
    return booster_text(np.random.default_rng(3), N, trees=6)


def resized(changed: str) -> str:
    """The text with the tree_sizes that its trees have, as a forger writes them."""
    head, _, body = changed.partition("\nTree=")
    trees = body.split("\nend of trees")[0].split("\nTree=")
    sizes = " ".join(str(len(f"Tree={tree}\n".encode())) for tree in trees)
    lines = head.split("\n")
    for k, line in enumerate(lines):
        if line.startswith("tree_sizes="):
            lines[k] = f"tree_sizes={sizes}"
    return changed.replace(head, "\n".join(lines), 1) if "\nend of trees" in changed else changed


def changed(line: str, at: int, value: object) -> str:
    """The text with another value at one place of the first line that begins so."""
    lines = text().split("\n")
    k = next(k for k, one in enumerate(lines) if one.startswith(f"{line}="))
    values = lines[k].partition("=")[2].split(" ")
    values[at] = str(value)
    lines[k] = f"{line}={' '.join(values)}"
    return resized("\n".join(lines))


def without(line: str) -> str:
    """The text without the line that begins so; sizes of trees do not count the header."""
    return "\n".join(one for one in text().split("\n") if not one.startswith(f"{line}="))


# table: what is forged in the first tree or the header
FORGED = {
    "a feature beyond the last": changed("split_feature", 0, 99),
    "a negative feature": changed("split_feature", 0, -1),
    "a child beyond the last": changed("left_child", 0, 500),
    "a leaf beyond the last": changed("right_child", 1, -500),
    "a node that is its own child": changed("left_child", 1, 1),
    "a cycle back to the root": changed("left_child", 2, 0),
    "more leaves than values": changed("num_leaves", 0, 99_999),
    "no leaves": changed("num_leaves", 0, 0),
    "fewer leaves than values": changed("num_leaves", 0, 2),
    "categories without lists": changed("num_cat", 0, 3),
    "a category split without lists": changed("decision_type", 0, 1),
    "an unknown kind of missing value": changed("decision_type", 0, 14),
    "an infinite leaf": changed("leaf_value", 0, "inf"),
    "a word for a number": changed("threshold", 0, "x"),
    "fewer features than are split on": changed("max_feature_idx", 0, 0),
    "more features than names": changed("max_feature_idx", 0, 600_000),
    "two models at once": changed("num_tree_per_iteration", 0, 3),
    "no place of the label": without("label_index"),
    "no ranges of the features": without("feature_infos"),
    "a size that is no number": text().replace("tree_sizes=", "tree_sizes=-"),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_model_is_refused_before_lightgbm_reads_it(what: str) -> None:
    with pytest.raises(DecisionError, match=r"contradicts itself|cut or changed"):
        check_model_text(FORGED[what])


def test_what_lightgbm_writes_is_sound() -> None:
    """A stump, a forest, a model of categories, and the smallest forest of all."""
    check_model_text(text())
    assert resized(text()) == text()
    rng = np.random.default_rng(5)
    x = np.column_stack([rng.normal(size=500), rng.integers(0, 40, 500)])
    y = (x[:, 0] + (x[:, 1] % 3) > 1).astype(int)
    for categories, leaves in (([1], 9), ("auto", 2)):
        settings = {"objective": "binary", "num_leaves": leaves, "verbosity": -1, "num_threads": 1}
        data = lgb.Dataset(x, y, categorical_feature=categories)
        check_model_text(lgb.train(settings, data, 5).model_to_string())
    settings = {"objective": "binary", "min_data_in_leaf": 10_000, "verbosity": -1}
    check_model_text(lgb.train(settings, lgb.Dataset(x, y), 2).model_to_string())


# table: how LightGBM reads a missing value
@pytest.mark.parametrize(
    "missing", [{"zero_as_missing": True}, {"use_missing": False}, {"use_missing": True}]
)
# From text, so that each is the number that a model's text holds.
@pytest.mark.parametrize("threshold", [None, "1e-35", "-1e-35", "-1.0000000180025095e-35", "0"])
def test_zero_is_lightgbms_own(missing: dict[str, bool], threshold: str | None) -> None:
    """Up to the float32 of 1e-35 a value is zero to LightGBM, whatever a threshold says."""
    assert ZERO == float(np.float32(1e-35)) > 1e-35
    few = {"num_leaves": 8, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5}
    rng = np.random.default_rng(2)
    x = rng.normal(size=(600, N)) * (rng.random((600, N)) < 0.7)
    data = lgb.Dataset(x, x[:, 0] > 0, feature_name=list(NAMES))
    model = lgb.train({"objective": "binary", **few, **missing}, data, 8).model_to_string()
    if threshold is not None:
        lines = model.split("\n")
        k = next(k for k, line in enumerate(lines) if line.startswith("threshold="))
        lines[k] = f"threshold={threshold} {lines[k].partition(' ')[2]}"
        model = resized("\n".join(lines))
    sizes = (1e-35, 1.00000001e-35, ZERO, np.nextafter(ZERO, 1), 1.1e-35)
    edge = np.array([[s * v] * N for s in (1, -1) for v in sizes])
    expected = lgb.Booster(model_str=model).predict(edge, raw_score=True)
    assert Margin(model, NAMES, 1)._kernel.margins(edge).tolist() == expected.tolist()


def mutated(rng: np.random.Generator) -> str:
    """The text with one value, line or character changed, and sizes that fit."""
    lines = text().split("\n")
    places = [k for k, one in enumerate(lines) if "=" in one or one.startswith("[")]
    k = int(rng.choice(places))
    way = int(rng.integers(0, 6))
    name, _, content = lines[k].partition("=")
    values = content.split(" ")
    at = int(rng.integers(0, len(values)))
    if way == 0:
        odd = ("-1", "0", "1", "2147483647", "-2147483648", "1e308", "nan", "", "x", "99999999999")
        values[at] = str(rng.choice(odd))
    elif way == 1:
        values[at] = str(rng.integers(-20, 20))
    elif way == 2:
        values = values[: at + 1] if at + 1 < len(values) else [*values, *values]
    elif way == 3:
        values[at] = values[int(rng.integers(0, len(values)))]
    lines[k] = f"{name}={' '.join(values)}" if "=" in lines[k] else lines[k][: at + 1]
    if way == 4:
        del lines[k]
    if way == 5:
        lines.insert(k, lines[int(rng.choice(places))])
    return resized("\n".join(lines))


def read_all(seed: int) -> None:
    """Read a batch of mutations; print one line for each. Run in a child process."""
    rng = np.random.default_rng(seed)
    x = np.random.default_rng(1).normal(size=(40, N))
    x[::7, 2] = np.nan
    for _ in range(BATCH):
        forged = mutated(rng)
        try:
            margin = Margin(forged, NAMES, 1)
        except DecisionError:
            print("refused", flush=True)
            continue
        expected = lgb.Booster(model_str=forged).predict(x, raw_score=True)
        print("equal" if np.array_equal(margin.raw(x), expected) else "DIFFERENT", flush=True)


@pytest.mark.slow
def test_two_thousand_mutations_end_no_process() -> None:
    told: list[str] = []
    for seed in range(2_000 // BATCH):
        code = f"import tests.decision.test_model_text as t; t.read_all({seed})"
        child = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
        assert child.returncode == 0, (seed, child.stderr[-500:])
        told += [line for line in child.stdout.split() if line in ("refused", "equal", "DIFFERENT")]
    assert len(told) == 2_000
    assert set(told) == {"refused", "equal"}
    # Neither answer is rare, so that both are tested.
    assert min(told.count("refused"), told.count("equal")) > 100
