"""What says that a change left results alone: `compare` finds one bit, `tracer` counts what ran."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import typer

from creditloom.pipeline.proof.compare import (
    CompareError,
    Tolerance,
    compare,
    differences,
    files_of,
    near_column,
    same_column,
)
from creditloom.pipeline.proof.tracer import _traced

TREES = "tree\nversion=v4\n\nTree=0\nleaf_value=1 2\n\nTree=1\nleaf_value=3 4\n"


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Outputs of two runs, the same but for ids that are hashes of code."""
    for name, version in (("old", "a"), ("new", "b")):
        for folder in ("model", "decisions", "reports"):
            (tmp_path / name / folder).mkdir(parents=True)
        rows = pd.DataFrame(
            {
                "pd": [0.1, np.nan],
                "decision": ["approve", "decline"],
                "model_version": [version, version],
            }
        )
        rows.to_parquet(tmp_path / name / "decisions" / "decisions.parquet")
        (tmp_path / name / "model" / "model.txt").write_text(TREES)
        (tmp_path / name / "reports" / "metrics.json").write_text(
            json.dumps({"auc": 0.75, "tiers": [1, 2], "sha256": version})
        )
    return tmp_path / "old", tmp_path / "new"


def found(old: Path, new: Path) -> list[tuple[str, str]]:
    return [
        (one.where, one.what)
        for name in files_of(old, new)
        for one in differences(old / name, new / name, name)
    ]


def test_versions_may_differ_and_nothing_else(two: tuple[Path, Path]) -> None:
    assert found(*two) == []
    compare(*two)


def test_the_last_bit_of_a_float_is_seen(two: tuple[Path, Path]) -> None:
    file = two[1] / "decisions" / "decisions.parquet"
    rows = pd.read_parquet(file)
    rows.assign(pd=[np.nextafter(0.1, 1.0), np.nan]).to_parquet(file)
    assert found(*two) == [("decisions/decisions.parquet: pd", "other values")]
    with pytest.raises(typer.Exit):
        compare(*two)


# table: a case a row
@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ([1.0, np.nan], [1.0, np.nan], True),
        ([0.0], [-0.0], False),
        ([None, 1.0], [None, 1.0], True),
        ([None], [np.nan], False),
        ([None], [0.0], False),
    ],
)
def test_columns_are_compared_by_their_bits(old: list[float], new: list[float], same: bool) -> None:
    one, other = (
        pa.chunked_array([pa.array(values, pa.float64(), from_pandas=False)])
        for values in (old, new)
    )
    assert same_column(one, other) is same


def test_a_tree_a_value_and_a_missing_file_are_named(two: tuple[Path, Path]) -> None:
    (two[1] / "model" / "model.txt").write_text(TREES.replace("3 4", "3 5"))
    (two[1] / "reports" / "metrics.json").write_text(
        json.dumps({"auc": 0.75, "tiers": [1, 3], "sha256": "b"})
    )
    (two[1] / "decisions" / "decisions.parquet").unlink()
    assert found(*two) == [
        ("decisions/decisions.parquet", "only in OLD"),
        ("model/model.txt: tree 1", "other text"),
        ("reports/metrics.json.tiers[1]", "2, now 3"),
    ]


def test_what_was_to_change_is_counted_and_not_listed(two: tuple[Path, Path]) -> None:
    (two[1] / "reports" / "metrics.json").write_text(json.dumps({"auc": 0.8, "tiers": [1, 2]}))
    (two[0] / "reports" / "metrics.json").write_text(json.dumps({"auc": 0.7, "tiers": [1, 2]}))
    with pytest.raises(typer.Exit):
        compare(*two, but=["tiers"])
    compare(*two, but=["auc"])


# table: a case a row
@pytest.mark.parametrize(
    ("name", "old", "new", "is_near"),
    [
        ("pd", [0.1, 0.2], [0.1 + 9e-13, 0.2], True),
        ("pd", [0.1, 0.2], [0.1 + 2e-12, 0.2], False),
        ("pd", [0.1] * 100_000, [0.1] * 99_999 + [0.3], True),
        ("pd", [0.1] * 100_000, [0.1] * 99_998 + [0.3, 0.3], False),
        ("score", [650.0, None], [650.0 + 6e-7, None], True),
        ("score", [650.0], [650.0 + 7e-7], False),
        ("score", [650.0] * 100_000, [650.0] * 99_999 + [651.0], False),
        ("score", [1.0], [None], False),
        ("score", [1e-17], [-3e-17], True),
        ("points", [[1.0, 2.0]], [[1.0, 2.0 + 1e-10]], True),
        ("points", [[1.0, 2.0]], [[1.0, 2.1]], False),
        ("limit_fen", [100_000], [100_001], False),
        ("decision", ["approve"], ["decline"], False),
    ],
)
def test_a_tolerance_is_for_floats_alone(
    name: str, old: list[object], new: list[object], is_near: bool
) -> None:
    one, other = (pa.chunked_array([pa.array(values)]) for values in (old, new))
    assert near_column(one, other, name, Tolerance(pd=1e-12, relative=1e-9)) is is_near


def test_a_tolerance_reaches_documents_and_trees(two: tuple[Path, Path]) -> None:
    metrics = two[1] / "reports" / "metrics.json"
    trees = two[1] / "model" / "model.txt"
    for root, leaf in zip(two, ("3.5", "3.5000000001"), strict=True):
        (root / "model" / "model.txt").write_text(
            TREES.replace("leaf_value=3", f"leaf_value={leaf}")
        )
    metrics.write_text(json.dumps({"auc": 0.75 + 1e-12, "tiers": [1, 2]}))
    with pytest.raises(typer.Exit):
        compare(*two)
    compare(*two, pd=1e-12, relative=1e-9)
    metrics.write_text(json.dumps({"auc": 0.75 + 1e-8, "tiers": [1, 2]}))
    with pytest.raises(typer.Exit):
        compare(*two, pd=1e-12, relative=1e-9)
    compare(*two, pd=1e-12, relative=1e-7)
    trees.write_text(TREES.replace("leaf_value=3 4", "leaf_value=3.5 5"))
    with pytest.raises(typer.Exit):
        compare(*two, pd=1e-12, relative=1e-7)


def test_folders_without_outputs_are_refused(two: tuple[Path, Path]) -> None:
    shutil.rmtree(two[0])
    shutil.rmtree(two[1])
    with pytest.raises(CompareError, match=r"name data/ or a folder of `fit`"):
        compare(*two)


def test_what_a_call_loads_and_calls(tmp_path: Path) -> None:
    """The version is said by the command line and what ends it: nothing else of ours runs."""
    traced = _traced(["creditloom.pipeline.cli", "--version"], tmp_path, tmp_path / "traced.json")
    called, loaded = (
        {"/".join(Path(file).parts[-2:]) for file in traced[kind]} for kind in ("called", "loaded")
    )
    ending = {"base/ending.py", "files/errors.py", "files/foreign.py"}
    assert called == {"pipeline/cli.py", *ending} and called <= loaded
    assert (
        not {file for file in loaded if file.endswith("__init__.py")}
        and "decision/decide.py" not in loaded
    )
