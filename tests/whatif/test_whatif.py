"""Recorded decisions under another policy: the same as deciding afresh, and why each one moved."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from creditloom.decision.reasons.significance import UNEXPLAINED
from creditloom.decision.rulebook.economics import Economics
from creditloom.decision.rulebook.policy import Policy
from creditloom.models.evaluation.profit.profit_bridge import PricedOffers
from creditloom.pipeline.commands.policy.whatif_shown import matrix_of
from creditloom.pipeline.products.product_folder import ProductFolder
from creditloom.portfolio.whatif.sums import LevelShift
from tests.whatif.conftest import Night, changed, creditloom, moved_edges, score

OUTCOMES = ["approve", "refer", "decline", "refuse"]


def _stricter_law(rules: Any) -> Any:
    """Every law asks for 30 years, and the first student cap of the house is 300 CNY."""
    for law in rules["laws"]:
        law["minimum_age"]["value"] = 30.0
    return rules


def _milder_law(rules: Any) -> Any:
    """Persons of 16 may borrow: people were not scored of whom the PD is now needed."""
    for law in rules["laws"]:
        law["minimum_age"]["value"] = 16.0
    return rules


def _lower_limits(rules: Any) -> Any:
    """The house lends at most 4,000 CNY in all."""
    for product in (rules["product"], *rules["products"]):
        product["limit"]["maximum"]["value"] = 4_000.0
    return rules


POLICIES = {"edges": None, "law": _stricter_law, "age": _milder_law, "limits": _lower_limits}


def _other(night: Night, name: str, folder: Path) -> Path:
    """Return a bundle with one of the POLICIES."""
    change = POLICIES[name]
    edges = moved_edges(1.6) if change is None else None
    return changed(night.bundle, folder, change(night.rules) if change else None, edges)


def _whatif(night: Night, policy: Path, out: Path, *more: str) -> dict[str, Any]:
    words = ("--policy", str(policy), "--decisions", str(night.batch), "--output", str(out))
    assert creditloom("whatif", *words, *more).exit_code == 0
    figures: dict[str, Any] = json.loads((out / "figures.json").read_bytes())
    return figures


Asked = Callable[[str], tuple[Path, dict[str, Any]]]


@pytest.fixture(scope="module")
def asked(night: Night, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """Return the bundle and the figures of one of the POLICIES; each is asked about once."""

    @cache
    def figures_of(name: str) -> tuple[Path, dict[str, Any]]:
        home = tmp_path_factory.mktemp(name)
        other = _other(night, name, home / "other")
        return other, _whatif(night, other, home / "out")

    return figures_of


@pytest.mark.parametrize("name", POLICIES)
def test_sums_are_those_of_a_batch_decided_afresh(
    night: Night, asked: Asked, name: str, tmp_path: Path
) -> None:
    other, figures = asked(name)
    before = pd.read_parquet(night.batch / "decisions")
    after = score(night.source, tmp_path / "afresh", other)
    whole = figures["segments"][0]
    assert figures["differing"] == 0
    crossed = pd.crosstab(before["decision"], after["decision"])
    crossed = crossed.reindex(index=OUTCOMES, columns=OUTCOMES, fill_value=0)
    assert matrix_of(figures) == crossed.to_numpy().tolist()
    assert crossed.to_numpy().trace() < len(before) or name == "limits"
    lent = after["decision"] == "approve"
    assert whole["after"]["limit_cny"] == after.loc[lent, "limit_cny"].sum()
    codes = after["refusal_codes"].explode().dropna().value_counts()
    assert figures["refusals"]["after"] == codes.to_dict()
    assert whole["after"]["profit_cny"]["expected"] == pytest.approx(
        _profit(other, after), abs=1e-6
    )
    assert whole["before"]["profit_cny"]["expected"] == pytest.approx(
        _profit(night.bundle, before), abs=1e-6
    )


def _profit(bundle: Path, decisions: pd.DataFrame) -> float:
    """Return the expected profit as report and comparison work it out, CNY."""
    product = Policy.from_json((bundle / "policy.json").read_bytes()).product
    assert product is not None
    terms = ProductFolder.of().only("economics", Economics).terms_of(product, 60.0)
    return PricedOffers.approved(decisions).profit_fen(terms) / 100.0


def test_a_mover_is_told_the_edge_or_the_rule_that_did_it(asked: Asked) -> None:
    _, milder = asked("edges")
    up = [m for m in milder["moves"] if (m["before"], m["after"]) == ("refer", "approve")]
    assert up and all("grade" in m["causes"] and m["way"] == "no longer" for m in up)
    assert {tuple(m["grades"]) for m in up} >= {("G7", "G6")}
    _, stricter = asked("law")
    refused = [m for m in stricter["moves"] if m["after"] == "refuse"]
    assert refused and all(m["causes"] == ["R4"] and m["way"] == "now" for m in refused)
    assert stricter["causes"]["R4"] == "legal capacity to contract not met"


def test_segments_sum_to_the_whole(asked: Asked) -> None:
    _, figures = asked("edges")
    whole, *parts = figures["segments"]
    for segment in {part["segment"] for part in parts}:
        of_it = [part for part in parts if part["segment"] == segment]
        for key in ("applications", "moved"):
            assert sum(part[key] for part in of_it) == whole[key]
        profit = sum(part["profit_change_cny"]["expected"] for part in of_it)
        assert profit == pytest.approx(whole["profit_change_cny"]["expected"], abs=0.005)


@pytest.mark.parametrize("factor", [0.5, 1.6])
def test_a_decline_that_nothing_explains_goes_to_a_person_as_afresh(
    unexplained: Night, factor: float, tmp_path: Path
) -> None:
    """Also of those who were approved, whose reasons nobody recorded."""
    other = changed(unexplained.bundle, tmp_path / "other", edges=moved_edges(factor))
    figures = _whatif(unexplained, other, tmp_path / "out")
    before = pd.read_parquet(unexplained.batch / "decisions")
    after = score(unexplained.source, tmp_path / "afresh", other)
    first = after["reasons"].map(lambda reasons: reasons[0]["concept"] if len(reasons) else "")
    assert (first == UNEXPLAINED).any()
    assert figures["differing"] == 0
    crossed = pd.crosstab(before["decision"], after["decision"])
    crossed = crossed.reindex(index=OUTCOMES, columns=OUTCOMES, fill_value=0)
    assert matrix_of(figures) == crossed.to_numpy().tolist()


def test_the_same_policy_moves_nobody(night: Night, tmp_path: Path) -> None:
    figures = _whatif(night, night.bundle, tmp_path / "out")
    assert figures["moves"] == [] and figures["changes"] == []
    assert figures["segments"][0]["profit_change_cny"] == {"expected": 0, "low": 0, "high": 0}
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "What another policy would decide" in page
    assert "http://" not in page and "https://" not in page


def test_the_interval_holds_what_drawn_fates_earn() -> None:
    """Oracle: the profit of drawn fates lies within it nine times in ten."""
    rng = np.random.default_rng(3)
    pd_ = rng.uniform(0.001, 0.1, 400)
    loss = rng.uniform(100, 5_000, 400)
    expected = -(pd_ * loss).sum()
    chance = 1.6448536269514722 * np.sqrt((pd_ * (1 - pd_) * loss**2).sum())
    drawn = -((rng.random((4_000, 400)) < pd_) * loss).sum(axis=1)
    assert 0.87 < (np.abs(drawn - expected) <= chance).mean() < 0.93
    level = LevelShift.of(0.026, 0.02, 0.034)
    assert level.shifted(np.array([0.026]), level.high)[0] == pytest.approx(0.034)
    assert level.shifted(pd_, 0.0) is pd_


@pytest.mark.parametrize("part", ["in.parquet", "night/decisions/part-00001.parquet"])
def test_another_input_or_a_changed_part_is_refused(
    night: Night, part: str, tmp_path: Path
) -> None:
    shutil.copytree(night.batch.parent, tmp_path / "home")
    home = tmp_path / "home"
    copy = Night(home / "night", home / "in.parquet", home / "model")
    other = pd.read_parquet(home / part)
    other["pd" if "pd" in other else "age_years"] *= 1.01
    other.to_parquet(home / part)
    words = ("--policy", str(copy.bundle), "--decisions", str(copy.batch))
    with pytest.raises(SystemExit):
        creditloom("whatif", *words, "--input", str(copy.source), "--output", str(tmp_path / "o"))
    assert not (tmp_path / "o").exists()


def test_what_nobody_recorded_is_not_guessed(night: Night, tmp_path: Path) -> None:
    rules = {**night.rules, "version": 4, "beyond_training": {"treatment": "refer"}}
    other = changed(night.bundle, tmp_path / "other", rules)
    words = ("--policy", str(other), "--decisions", str(night.batch))
    with pytest.raises(SystemExit):
        creditloom("whatif", *words, "--output", str(tmp_path / "o"))
