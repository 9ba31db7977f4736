"""Raw events to explained decisions, on a small world.

Every stage leaves what the next one reads, and twice is the same.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from creditloom.models.evaluation.bars import Bars, figure
from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from tests.architecture.dag import Stage, stages
from tests.checkout import IN_CHECKOUT, needs_checkout
from tests.pipeline.conftest import SMALL

# `make consumer` runs them: the one small chain takes longer than a tenth of `make test`.
pytestmark = pytest.mark.slow

DECISION_COLUMNS = {
    "decision_id", "application_id", "product", "law_profile", "as_of", "pd", "score_raw", "score",
    "tier", "decision", "limit_cny", "limiting_cap", "tenor", "method", "daily_rate",
    "apr_simple360", "apr_simple365", "apr_irr12", "eff_annual", "penalty_rate", "charges",
    "reasons", "refusal_codes", "model_version", "policy_version",
}  # fmt: skip


def _hashes(folder: Path, below: Path) -> dict[str, str]:
    base = folder / below
    files = [base] if base.is_file() else sorted(path for path in base.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def _json(folder: Path, path: Path) -> dict:  # type: ignore[type-arg]
    return json.loads((folder / path).read_text(encoding="utf-8"))


DAG: dict[str, Stage] = stages() if IN_CHECKOUT else {}


@needs_checkout
def test_the_chain_is_the_dag() -> None:
    """The chain runs the stages in an order that dvc.yaml allows.

    It leaves out only what is frozen.
    """
    dag = DAG
    assert set(stage_runner.TO_REPORT) == {name for name, stage in dag.items() if not stage.frozen}


@pytest.mark.parametrize("out", sorted(out for stage in DAG.values() for out in stage.outs))
def test_every_out_of_the_dag_is_written(run: Path, out: str) -> None:
    assert (run / out).exists()


@needs_checkout
def test_nothing_else_is_written(run: Path) -> None:
    """A stage leaves nothing that DVC does not know.

    Only its outs and the noted seconds.
    """
    known = [Path(out) for stage in DAG.values() for out in stage.outs]
    known += [paths.PARAMS, paths.RUNTIME, paths.RUNTIME_JSON]
    files = [path.relative_to(run) for path in run.rglob("*") if path.is_file()]
    assert [
        path for path in files if not any(path == one or one in path.parents for one in known)
    ] == []


# Slow: `make consumer` runs it at every change.
@pytest.mark.parametrize(
    "out", [paths.RAW, paths.TRUTH, paths.FEATURES, paths.MODEL, paths.DECISIONS], ids=str
)
def test_same_seed_same_bytes(run: Path, again: Path, out: Path) -> None:
    """In another folder and with another number of processes, not one byte differs."""
    first = _hashes(run, out)
    assert first and first == _hashes(again, out)


def test_one_row_per_application_all_the_way(run: Path) -> None:
    matrix = pq.read_table(run / paths.MATRIX, columns=["application_id"])[
        "application_id"
    ].to_pylist()
    labels = pq.read_table(run / paths.LABELS, columns=["application_id"])[
        "application_id"
    ].to_pylist()
    decisions = pq.read_table(run / paths.DECISIONS, columns=["application_id"])[
        "application_id"
    ].to_pylist()
    assert matrix == sorted(set(matrix)) == labels == decisions
    assert len(matrix) == SMALL["world.applicants"]


def test_the_catalogue_names_the_features_of_the_matrix(run: Path) -> None:
    names = [feature["name"] for feature in _json(run, paths.CATALOGUE)["features"]]
    columns = pq.read_schema(run / paths.MATRIX).names
    assert len(names) == len(set(names)) >= 400
    assert columns[-len(names) :] == names


def test_the_matrix_holds_no_truth(run: Path) -> None:
    """No column of data/truth is a column of the matrix, except the ids."""
    truth = {
        name
        for file in (run / paths.TRUTH).rglob("*.parquet")
        for name in pq.read_schema(file).names
    }
    assert truth & set(pq.read_schema(run / paths.MATRIX).names) <= {
        "application_id",
        "applicant_id",
        "as_of",
    }


def test_the_bundle_is_text_and_its_manifest_right(run: Path) -> None:
    files = _json(run, paths.MANIFEST)["files"]
    for name, sha in files.items():
        content = (run / paths.MODEL / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == sha
        content.decode("utf-8")
    # No decision reads these; the layout of raw tables and the record of a trial are empty.
    beside = {"manifest.json", "training.json", "ridge.json", "layout.json", "approval.json"}
    assert {path.name for path in (run / paths.MODEL).iterdir()} == set(files) | beside


def test_decisions_say_what_they_must(run: Path) -> None:
    table = pd.read_parquet(run / paths.DECISIONS)
    assert set(table.columns) >= DECISION_COLUMNS
    assert set(table["decision"]) <= {"approve", "refer", "decline", "refuse"}
    assert table["decision_id"].is_unique
    assert set(table["model_version"]) == set(_hashes(run, paths.MANIFEST).values())
    adverse = table["decision"] != "approve"
    assert (
        table.loc[adverse, "reasons"].map(len) + table.loc[adverse, "refusal_codes"].map(len) > 0
    ).all()
    assert (
        table["pd"].dropna().between(0, 1).all() and np.isfinite(table["score_raw"].dropna()).all()
    )


def test_a_better_score_never_has_a_higher_pd(run: Path) -> None:
    table = (
        pd.read_parquet(run / paths.DECISIONS, columns=["pd", "score_raw"])
        .dropna()
        .sort_values("score_raw")
    )
    assert (table["pd"].diff().dropna() <= 0).all()


def test_metrics_have_their_blocks(run: Path) -> None:
    metrics = _json(run, paths.METRICS)
    assert set(metrics) >= {
        "discrimination",
        "calibration",
        "family_share",
        "portfolio",
        "challenger",
        "reasons",
        "fairness",
    }
    assert 0.5 < metrics["discrimination"]["auc_oot"] < 1.0


def test_the_report_is_one_file(run: Path) -> None:
    page = (run / paths.REPORT).read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html")
    assert [
        target
        for target in re.findall(r"(?:src|href)\s*=\s*[\"']([^\"']*)", page)
        if not target.startswith(("data:", "#"))
    ] == []


def test_seconds_are_noted_for_every_stage(run: Path) -> None:
    noted = {path.stem for path in (run / paths.RUNTIME).glob("*.json")}
    assert noted == set(stage_runner.TO_REPORT)


def test_a_failing_stage_is_named(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"seed": 1}), encoding="utf-8")
    with pytest.raises(stage_runner.ChainError, match=r"stage simulate failed.*exit code 2"):
        stage_runner.run(tmp_path, ("simulate",))


def test_every_bar_judges_a_figure_the_small_world_has(run: Path) -> None:
    """A bar whose path is mistyped would never fail."""
    metrics = _json(run, paths.METRICS)
    assert [
        bar.figure for bar in document(Bars, paths.BARS).bars if figure(metrics, bar.figure) is None
    ] == []
    assert [
        bar.ridge
        for bar in document(Bars, paths.BARS).bars
        if bar.ridge and figure(metrics, bar.ridge) is None
    ] == []
