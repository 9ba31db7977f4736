"""Recourse: the cheapest changes of one's own raw rows, and the promise that they keep."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from creditloom.decision.rules.verdict import APPROVE
from creditloom.features.declare.registry import plan
from creditloom.features.policy_inputs.device_counts import CLUSTERED, SHARED
from creditloom.pipeline.cli import build
from creditloom.pipeline.proof.evidence.promises.brute_force import brute_force, coarse
from creditloom.pipeline.proof.evidence.promises.decided import DecidedFolder
from creditloom.pipeline.proof.evidence.promises.recourse_proof import Asked, asked, unmet
from creditloom.serving.applicant.recourse.actionable import Actionable
from creditloom.serving.applicant.recourse.recourse import Recourse
from creditloom.storage.files.errors import DataError


def test_some_are_cured_and_some_are_not(sample: Asked) -> None:
    goals = {(one.decision, one.goal, one.is_found) for one in sample.answers}
    assert {is_found for _, _, is_found in goals} == {True, False}
    assert all(1 <= len(one.changes) <= 3 for one in sample.answers if one.is_found)
    assert all(one.after.decision == "approve" for one in sample.answers if one.after)


def test_applied_in_the_raw_tables_it_reaches_what_it_promised(
    folder: DecidedFolder, actionable: Actionable, sample: Asked, tmp_path: Path
) -> None:
    assert unmet(folder, actionable, sample, tmp_path) == []


def test_a_change_that_is_left_out_breaks_the_promise(
    folder: DecidedFolder, actionable: Actionable, sample: Asked, tmp_path: Path
) -> None:
    """The cheapest set has no change too many."""
    found = [one for one in sample.answers if len(one.changes) > 1]
    short = tuple(replace(one, changes=one.changes[1:]) for one in found)
    wrong = unmet(folder, actionable, replace(sample, answers=short), tmp_path)
    assert short and {one for one, *_ in wrong} == {one.application_id for one in short}


@pytest.mark.slow
def test_it_is_as_cheap_as_the_cheapest_of_all_sets(
    folder: DecidedFolder, actionable: Actionable
) -> None:
    few = coarse(actionable)
    kept = (
        "card_use",
        "open_lenders",
        "bills_on_time",
        "kept_inflow",
        "cash_balance",
        "hard_enquiries",
    )
    rest = ("insurance_months", "verified_income", "real_name", "debt_service")
    quantities = tuple(one for one in few.quantities if one.id in {*kept, *rest})
    # The other columns are of no matter here, so the list is not checked again.
    object.__setattr__(few, "quantities", quantities)
    found = asked(folder, few, folder.ids)
    recourse = Recourse(folder.decider, few, tuple(folder.columns))
    names = [spec.name for spec in plan(folder.sources).snapshot]
    names += [one.name for one in (*SHARED, *CLUSTERED)]
    rows = folder.rows(folder.ids, names)
    compared = 0
    for k, (person, answer) in enumerate(zip(found.people, found.answers, strict=True)):
        if answer.decision == "approve":
            continue
        others = {name: float(rows[name][k].as_py() or 0.0) for name in names}
        best = brute_force(recourse, person, others)
        assert (answer.cost if answer.is_found else None) == best.cost
        compared += best.cost is not None
    assert compared > 2


def test_who_is_too_young_is_told_that_nothing_cures_it(sample: Asked) -> None:
    young = sample.answers[3]
    assert not young.is_found
    assert "R4" in {code for code, _, _ in young.blocking}
    assert "legal capacity" in "\n".join(young.lines("en"))


def test_raw_tables_of_another_decision_are_refused(
    folder: DecidedFolder, actionable: Actionable, sample: Asked
) -> None:
    recourse = Recourse(folder.decider, actionable, tuple(folder.columns))
    person = next(p for p, one in zip(sample.people, sample.answers, strict=True) if one.is_found)
    none = {name: rows.slice(0, 0) for name, rows in person.rows.items()}
    bills = person.rows["bills"]
    with pytest.raises(DataError, match="not those of the decision"):
        late = pa.array(np.full(len(bills), 300, np.int16))
        place = bills.schema.get_field_index("days_late")
        other = bills.set_column(place, bills.schema.field(place), late)
        recourse.of(replace(person, rows={**none, **person.rows, "bills": other}))


def test_an_uncut_approval_has_nothing_to_change(
    folder: DecidedFolder, actionable: Actionable, sample: Asked
) -> None:
    recourse = Recourse(folder.decider, actionable, tuple(folder.columns))
    for person, answer in zip(sample.people, sample.answers, strict=True):
        now = recourse._decide(person.block).verdicts
        is_full = now.outcome[0] == APPROVE and now.limits and not now.limits.is_cut[0]
        assert bool(is_full) == (answer.goal == "")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_command_says_it_in_both_languages(
    folder: DecidedFolder, sample: Asked, language: str
) -> None:
    found = next(one for one in sample.answers if one.is_found)
    options = ["--application", str(found.application_id), "--matrix", str(folder.matrix)]
    options += ["--raw", str(folder.raw), "--bundle", str(folder.bundle)]
    run = CliRunner().invoke(build(["recourse"]), ["recourse", *options, "--language", language])
    assert run.exit_code == 0, run.output
    said = run.output.replace("\n", "").replace(" ", "")
    for one in found.changes:
        assert one.text(language).replace(" ", "") in said


def test_the_command_gives_json(folder: DecidedFolder, sample: Asked) -> None:
    options = ["--matrix", str(folder.matrix), "--raw", str(folder.raw), "--json"]
    options += ["--bundle", str(folder.bundle), "--application", "3", "--application", "4"]
    run = CliRunner().invoke(build(["recourse"]), ["recourse", *options])
    records = [json.loads(line) for line in run.stdout.splitlines()]
    assert [one["application_id"] for one in records] == [3, 4]
    assert [one["cost"] for one in records] == [one.cost for one in sample.answers[3:5]]
