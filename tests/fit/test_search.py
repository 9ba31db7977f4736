"""The search within a budget: inside the rows of a fit, in time, and going on where it stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from creditloom.models.fit.learner import fit_calibrated
from creditloom.models.stacking.search_budget import SearchBudget
from creditloom.models.stacking.shape_search import SEARCHED, SearchRecord
from tests.fit.conftest import Run, loans
from tests.fit.test_learner import FEW, table_of

pytest.importorskip("optuna")
# Few trees, so that some trials come to their end in a second.
QUICK = replace(FEW, learners=("additive",))


def test_the_best_shape_joins_the_stack_and_a_later_run_goes_on(tmp_path: Path) -> None:
    told: list[str] = []
    made = table_of(2, 300)
    shares = {"first": 1.0, "again": 1.0, "others": 1.0}
    budget = SearchBudget(3.0, shares, tmp_path, told.append)
    first = fit_calibrated(made, QUICK, budget.of("first"))
    assert SEARCHED in first.model.stack.names
    fit_calibrated(made, QUICK, budget.of("again"))
    one, two = budget.records
    assert 0 < one.ended <= one.trials == one.new
    assert two.trials == one.new + two.new
    assert two.logloss is not None and one.logloss is not None
    assert two.logloss <= one.logloss
    assert [text.split(":")[0] for text in told] == ["search of first", "search of again"]
    assert f"{one.new} shapes tried" in told[0]
    assert f"{one.new} in earlier runs" in told[1]
    assert len(list(tmp_path.glob("*.log"))) == 1
    # Other rows have a journal of their own: what was judged there must not be known here.
    fit_calibrated(made.where(np.arange(300) < 250), QUICK, budget.of("others"))
    assert len(list(tmp_path.glob("*.log"))) == 2
    # The last one has nobody to leave its time to.
    assert 2.9 < budget.spent < 3.3


def test_without_time_the_stack_is_as_without_a_search(tmp_path: Path) -> None:
    made = table_of(2, 300)
    budget = SearchBudget(0.0, {"all": 1.0}, tmp_path)
    alone = fit_calibrated(made, QUICK).model.text
    assert fit_calibrated(made, QUICK, budget.of("all")).model.text == alone
    assert (budget.records[0].ended, budget.records[0].logloss) == (0, None)


def test_what_a_fit_leaves_goes_to_the_later_ones(tmp_path: Path) -> None:
    budget = SearchBudget(80.0, {"a": 1.0, "b": 1.0, "final": 2.0}, tmp_path)
    assert (budget.of("a").seconds, budget.of("a").most_seconds) == (20.0, 40.0)
    budget.records.append(SearchRecord("a", 4, 4, 4, 10.0, 0.5, {}))
    assert budget.of("b").seconds == pytest.approx(70 / 3)
    assert budget.of("b").trial_seconds == 2.5
    # `b` had no rows to learn from, and so no search.
    assert (budget.of("final").seconds, budget.of("final").most_seconds) == (70.0, 70.0)


def test_no_trial_begins_that_will_hardly_end(tmp_path: Path) -> None:
    """Catches the trial that each fit began in vain at the end of its share."""
    budget = SearchBudget(60.0, {"a": 1.0, "b": 1.0, "final": 2.0}, tmp_path)
    budget.records.append(SearchRecord("a", 1, 1, 1, 45.0, 0.5, {}))
    fit_calibrated(table_of(2, 300), QUICK, budget.of("b"))
    assert (budget.records[1].fit, budget.records[1].new) == ("b", 0)
    assert budget.records[1].seconds < 1.0


@pytest.mark.slow
def test_a_budget_on_the_command_line(
    fit: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loans(200).to_parquet(tmp_path / "t.parquet", index=False)
    options = ("--data", "t.parquet", "--label", "bad", "--id", "loan", "--drop", "day,sex,branch")
    for _ in range(2):
        result = fit(*options, "--out", "out", "--budget", "0.02")
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    found = metrics["search"]
    names = [*(f"fold {k} of 5" for k in range(1, 6)), "the final model"]
    assert (found["minutes"], [one["fit"] for one in found["fits"]]) == (0.02, names)
    assert found["trials"] > sum(1 for one in found["fits"] if one["ended"])
    assert len(list((tmp_path / "out" / "search").glob("*.log"))) == 6
    assert all(f"search of {name}: " in result.stderr for name in names)
    assert metrics["suggested_signs"]["cost"] <= 0.002
