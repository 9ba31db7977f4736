"""A policy decides once it is approved: no step is skipped, and no role approves its own draft."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.base.strict_json import canonical, plain
from creditloom.decision.bundle import Bundle, write_manifest
from creditloom.decision.decide import Decider
from creditloom.decision.loader import _load_pyfunc
from creditloom.decision.rulebook.approval import (
    APPROVED,
    DRAFT,
    REVIEW,
    STATES,
    Approvals,
    PolicyStep,
    articles_of,
)
from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import ParamsError, section
from creditloom.pipeline.products.product_folder import ProductFolder
from creditloom.pipeline.products.written_policy import (
    drafted,
    moved_on,
    recorded_approvals,
    rules_of,
    tiers_of,
    write_record,
)
from tests.decision import small
from tests.whatif.conftest import Night, changed, creditloom

DAY = dt.date(2026, 11, 20)
ROLES = {DRAFT: "credit policy", REVIEW: "model risk", APPROVED: "credit committee"}


def _taken(articles: dict[str, str], *states: str, roles: dict[str, str] = ROLES) -> Approvals:
    """Return a record in which one change took these states."""
    record = Approvals()
    for state in states:
        step = PolicyStep(1, state, roles[state], DAY, "a test", "")
        step = replace(step, articles=articles if state == DRAFT else {})
        previous = record.approvals[-1].link if record.approvals else ""
        record = Approvals((*record.approvals, replace(step, previous=previous)))
    return record


def _with_record(bundle: Path, folder: Path, *states: str) -> Path:
    """Return a copy of a bundle whose policy took these states."""
    tiers, rules = (json.loads((bundle / n).read_bytes()) for n in ("tiers.json", "policy.json"))
    changed(bundle, folder)
    record = _taken(articles_of(tiers, rules), *states)
    (folder / "approval.json").write_bytes(canonical(plain(record)))
    write_manifest(folder)
    return folder


@pytest.mark.parametrize("taken", [0, 2])
def test_what_is_not_approved_decides_nothing_at_any_door(
    night: Night, taken: int, tmp_path: Path
) -> None:
    bundle = _with_record(night.bundle, tmp_path / "model", *STATES[:taken])
    with pytest.raises(DecisionError, match="not approved"):
        Decider.load(bundle, 1)
    # What MLflow loads, in Python, by REST and in Spark.
    with pytest.raises(DecisionError, match="not approved"):
        _load_pyfunc(str(bundle))
    # A decider made of a bundle that was loaded before.
    with pytest.raises(DecisionError, match="not approved"):
        Decider(Bundle.load(bundle, 1)).decide(small.frame(3))
    words = ("--input", str(night.source), "--bundle", str(bundle))
    with pytest.raises(SystemExit):
        creditloom("score", *words, "--output", str(tmp_path / "out"))
    assert not (tmp_path / "out" / "decisions").exists()
    # Whether it is a good policy may be asked before.
    asked = ("--policy", str(bundle), "--decisions", str(night.batch))
    assert creditloom("whatif", *asked, "--output", str(tmp_path / "w")).exit_code == 0


def test_an_approved_policy_decides_as_the_same_without_a_record(
    night: Night, tmp_path: Path
) -> None:
    bundle = _with_record(night.bundle, tmp_path / "model", *STATES)
    names = ["application_id", "decision", "limit_cny", "daily_rate", "pd"]
    found = Decider.load(bundle, 1).decide(small.frame(40))
    before = Decider.load(night.bundle, 1).decide(small.frame(40))
    pd.testing.assert_frame_equal(found[names], before[names])
    assert json.loads((bundle / "manifest.json").read_bytes())["format"] == 5


@pytest.mark.parametrize("name", ["tiers.json", "policy.json"])
def test_an_approval_is_of_this_content_and_of_no_other(
    night: Night, name: str, tmp_path: Path
) -> None:
    bundle = _with_record(night.bundle, tmp_path / "model", *STATES)
    content = json.loads((bundle / name).read_bytes())
    if name == "tiers.json":
        content["tiers"][0]["pd_high"] = content["tiers"][1]["pd_low"] = 0.0031
    else:
        content["product"]["limit"]["step"]["value"] = 50.0
        content["products"] = [content["product"]]
    (bundle / name).write_bytes(canonical(content))
    write_manifest(bundle)
    with pytest.raises(DecisionError, match="not approved"):
        Decider.load(bundle, 1)


def test_no_step_is_skipped_and_no_role_approves_what_it_drafted() -> None:
    articles = {"tiers": "a"}
    for skipped in ((REVIEW,), (DRAFT, APPROVED), (DRAFT, REVIEW, REVIEW), (*STATES, APPROVED)):
        with pytest.raises(DecisionError):
            _taken(articles, *skipped)
    for state in (REVIEW, APPROVED):
        own = {**ROLES, state: "Credit  Policy"}
        with pytest.raises(DecisionError, match="contradicts itself"):
            _taken(articles, *STATES, roles=own)
    assert _taken(articles, *STATES).state("tiers", "a") == APPROVED
    assert _taken(articles, *STATES).state("tiers", "b") == DRAFT


@pytest.mark.parametrize("change", [{"role": "another"}, {"why": "x"}, {"previous": "0" * 64}])
def test_a_step_that_is_edited_breaks_the_chain(change: dict[str, Any]) -> None:
    steps = _taken({"tiers": "a"}, *STATES).approvals
    with pytest.raises(DecisionError, match="contradicts itself"):
        Approvals((steps[0], replace(steps[1], **change), steps[2]))


def test_the_commands_take_a_change_from_draft_to_approved(tmp_path: Path) -> None:
    text = paths.DEFAULTS.read_text(encoding="utf-8")
    policy = tmp_path / "params.yaml"
    policy.write_text(text.replace("[0.003, 0.005,", "[0.0031, 0.005,"), encoding="utf-8")
    record = tmp_path / "approvals.yaml"
    write_record(recorded_approvals(), record)
    products = _few_products(tmp_path / "products")
    where = ("--policy", str(policy), "--products", str(products), "--record", str(record))

    def step(name: str, role: str) -> int:
        words = (*where, "--role", role, "--why", "a test")
        return creditloom("policy", name, *words).exit_code

    for early in ("review", "approve"):
        with pytest.raises(SystemExit):
            step(early, "model risk")
    assert step("draft", "credit policy") == 0
    with pytest.raises(SystemExit):
        step("review", "credit policy")
    with pytest.raises(SystemExit):
        step("approve", "credit committee")
    assert step("review", "model risk") == 0
    assert step("approve", "credit committee") == 0
    steps = recorded_approvals(record).approvals[-3:]
    assert [one.state for one in steps] == [*STATES]
    # Only what differs from the approved policy is drafted.
    assert [*steps[0].articles] == ["tiers"]
    params = section("policy", PolicyParams, policy)
    articles = _articles(params, ProductFolder.of(products))
    assert not recorded_approvals(record).unapproved(articles)


def _few_products(folder: Path) -> Path:
    """Return a folder of the house's product alone: price lists of all of them take seconds."""
    shutil.copytree(paths.LAW, folder / "law")
    for name in ("house_v1.yaml", "filters.yaml", "sources.yaml"):
        shutil.copy(paths.PRODUCTS / name, folder / name)
    return folder


def test_a_policy_that_was_changed_after_its_draft_is_drafted_again() -> None:
    record = drafted(Approvals(), {"tiers": "a"}, "credit policy", "a test", DAY)
    with pytest.raises(ParamsError, match="draft it again"):
        moved_on(record, REVIEW, {"tiers": "b"}, "model risk", "a test", DAY)


def test_the_committed_record_approves_the_policy_of_the_pipeline() -> None:
    params = section("policy", PolicyParams, paths.DEFAULTS)
    assert recorded_approvals().unapproved(_articles(params)) == {}


def _articles(params: PolicyParams, folder: ProductFolder | None = None) -> dict[str, str]:
    tiers = json.loads(canonical(tiers_of(params)))
    return articles_of(tiers, json.loads(canonical(rules_of(params, folder))))
