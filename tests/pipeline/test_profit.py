"""One expected profit, whoever shows it: comparison, report, optimiser and the book run forward."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from creditloom.pipeline.base import paths
from creditloom.pipeline.commands.portfolio import compare, forward, optimise
from tests.pipeline.conftest import SMALL

# One world is made for all of them, which takes tens of seconds.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shown(run: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each place wrote for the same out-of-time applications of one small world."""
    folder = tmp_path_factory.mktemp("profit") / "run"
    shutil.copytree(run, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        compare.compare(product=["house@v1"])
        optimise.optimise()
        forward.forward(months=12)
        files = {
            "metrics": paths.METRICS,
            "compare": paths.COMPARE / "figures.json",
            "optimise": paths.OPTIMUM / "figures.json",
            "forward": paths.FORWARD / "figures.json",
        }
        found = {name: json.loads(path.read_text("utf-8")) for name, path in files.items()}
        return {**found, "page": paths.REPORT.read_text("utf-8")}


def _fen(amount: float) -> int:
    return round(amount * 100)


def test_one_expected_profit_to_the_cent(shown: dict[str, Any]) -> None:
    rules = shown["optimise"]["policies"]["rule-based"]
    run = shown["optimise"]["forward"]["rule-based"]["profit_bridge"]
    # table: the number by who shows it
    found = {
        "comparison": shown["compare"]["house@v1"]["expected_profit_cny"],
        "report": shown["metrics"]["portfolio"]["expected_profit_cny"],
        "bridge of the report": shown["metrics"]["profit_bridge"]["expected_profit_cny"],
        "optimiser": rules["expected_profit_cny"],
        "optimiser, forward": run["expected_profit_cny"],
        "forward": shown["forward"]["profit_bridge"]["expected_profit_cny"],
    }
    assert len(set(found.values())) == 1, found
    assert _fen(found["report"]) != 0


def test_every_bridge_sums_to_the_cent(shown: dict[str, Any]) -> None:
    bridges = [shown["metrics"]["profit_bridge"], shown["forward"]["profit_bridge"]]
    bridges += [one["profit_bridge"] for one in shown["optimise"]["forward"].values()]
    assert len(bridges) == 7
    for bridge in bridges:
        steps = bridge["steps"]
        assert _fen(steps[0]["amount_cny"]) == _fen(bridge["expected_profit_cny"])
        level = 0
        for step in steps:
            level += _fen(step["amount_cny"])
            assert level == _fen(step["profit_cny"])
        assert level == _fen(bridge["run_forward_profit_cny"])


def test_report_and_forward_run_the_same_book(shown: dict[str, Any]) -> None:
    """The command adds the reviews as one more step, and ends where its own figures do."""
    report = shown["metrics"]["profit_bridge"]
    command = shown["forward"]["profit_bridge"]
    assert command["steps"][:-1] == report["steps"]
    assert command["steps"][-1]["step"] == "reviews"
    money = shown["forward"]["money"]
    assert report["run_forward_profit_cny"] == money["not_reviewed"]["profit_cny"]
    assert command["run_forward_profit_cny"] == money["reviewed"]["profit_cny"]


def test_the_optimiser_ends_where_its_policies_do(shown: dict[str, Any]) -> None:
    for policy in shown["optimise"]["forward"].values():
        assert policy["profit_bridge"]["run_forward_profit_cny"] == policy["profit_cny"]
        assert policy["profit_bridge"]["steps"][1]["step"] == "take_up"


def test_a_switch_that_is_off_is_a_step_of_nothing(shown: dict[str, Any]) -> None:
    assert "world.switches.prepayment" not in SMALL
    steps = {one["step"]: one["amount_cny"] for one in shown["forward"]["profit_bridge"]["steps"]}
    assert steps["prepayment"] == steps["recoveries"] == 0.0


def test_the_page_shows_the_bridge(shown: dict[str, Any]) -> None:
    profit = shown["metrics"]["portfolio"]["expected_profit_cny"]
    sign = "−" if profit < 0 else ""
    assert shown["page"].count(f"{sign}¥{abs(profit):,.2f}") >= 2
    assert "from the price to the book run forward" in shown["page"]
