"""The search within a budget: inside the rows of a fit, in time, and going on where it stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from creditloom.models.fit.learner import fit_calibrated
from creditloom.models.stacking.shape_search import SEARCHED, ShapeSearch
from tests.fit.conftest import Run, loans
from tests.fit.test_learner import FEW, table_of

pytest.importorskip("optuna")
# Few trees, so that some trials come to their end in a second.
QUICK = replace(FEW, learners=("additive",))


def test_the_best_shape_joins_the_stack_and_a_later_run_goes_on(tmp_path: Path) -> None:
    told: list[str] = []
    made = table_of(2, 300)
    search = ShapeSearch(1.0, tmp_path, told.append)
    first = fit_calibrated(made, QUICK, search)
    assert SEARCHED in first.model.stack.names
    fit_calibrated(made, QUICK, search)
    one, two = search.records
    assert 0 < one.ended <= one.trials < two.trials
    assert two.logloss is not None and one.logloss is not None
    assert two.logloss <= one.logloss
    assert [text.split(":")[0] for text in told] == ["search 1", "search 2"]
    assert len(list(tmp_path.glob("*.log"))) == 1
    # Other rows have a journal of their own: what was judged there must not be known here.
    fit_calibrated(made.where(np.arange(300) < 250), QUICK, search)
    assert len(list(tmp_path.glob("*.log"))) == 2


def test_without_time_the_stack_is_as_without_a_search(tmp_path: Path) -> None:
    made = table_of(2, 300)
    search = ShapeSearch(0.0, tmp_path)
    assert fit_calibrated(made, QUICK, search).model.text == fit_calibrated(made, QUICK).model.text
    assert (search.records[0].ended, search.records[0].logloss) == (0, None)


def test_a_budget_on_the_command_line(
    fit: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loans(200).to_parquet(tmp_path / "t.parquet", index=False)
    options = ("--data", "t.parquet", "--label", "bad", "--id", "loan", "--drop", "day,sex,branch")
    for _ in range(2):
        fit(*options, "--out", "out", "--budget", "0.02")
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    found = metrics["search"]
    assert (found["minutes"], len(found["fits"])) == (0.02, 6)
    assert found["trials"] > sum(1 for one in found["fits"] if one["ended"])
    assert len(list((tmp_path / "out" / "search").glob("*.log"))) == 6
    assert metrics["suggested_signs"]["cost"] <= 0.002
