"""`creditloom claims`: each claim has its run, what is there is kept, a claim unmeasured fails.

A world of 2,000 people carries the few claims that are measured here.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure
from creditloom.models.evaluation.world_claims.claims import MET, MISSED, Claims, by_id
from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.pipeline.cli import build
from creditloom.pipeline.proof.claims import (
    chain_parts,
    command,
    labelled_world,
    seed_folder,
    verdicts,
)
from creditloom.pipeline.proof.claims.parts import PARTS
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.outputs import held_folder
from creditloom.storage.files.store import read_json, write_json

CLAIM = by_id(document(Claims, paths.CLAIMS))
ONLY = "macro_off,recession,drift_segment,macro_period"
BASE_RATE = 0.0235


def _claims(folder: Path, *words: str) -> Any:
    asked = ("--seeds", "11", "--applicants", "2000", "--out", str(folder))
    return CliRunner().invoke(build(["claims"]), ["claims", *asked, *words])


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A folder in which a few claims were measured, and how the command ended."""
    folder = tmp_path_factory.mktemp("claims") / "out"
    nature = document(labelled_world.WorldConfig, paths.WORLD)
    quick = replace(nature, effects=replace(nature.effects, probe_applicants=10_000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labelled_world, "document", lambda _kind, _path: quick)
        return folder, _claims(folder, "--only", ONLY)


def test_every_claim_that_stands_has_one_part() -> None:
    placed = [name for part in PARTS.values() for name in part.claims]
    assert sorted(placed) == sorted(name for name, one in CLAIM.items() if not one.withdrawn)


def test_claims_are_measured_and_kept_with_their_parameters(measured: tuple[Path, Any]) -> None:
    folder, _ = measured
    kept = read_json(folder / "seed-11" / "economy.json")
    assert kept["params"]["world"]["applicants"] == 2000
    assert (kept["params"]["seed"], kept["claims_version"]) == (11, 3)
    assert kept["figures"]["macro_off"] == {"value": 0.0, "n": 108}
    found = read_json(folder / "claims.json")["claims"]
    assert found["recession"]["verdict"] == MET
    assert sorted(found) == sorted(ONLY.split(","))


def test_what_a_small_world_cannot_measure_is_said_and_does_not_pass(
    measured: tuple[Path, Any],
) -> None:
    folder, ended = measured
    period = read_json(folder / "claims.json")["claims"]["macro_period"]
    assert period["verdict"] == verdicts.UNMEASURED
    assert "too few" in period["seeds"]["11"]["reason"]
    assert ended.exit_code == 1 and "1 not measured" in ended.stdout


def test_what_is_there_is_not_measured_again(
    measured: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = measured
    monkeypatch.setattr(
        labelled_world.LabelledWorld, "coefficients", property(lambda _: pytest.fail("solved"))
    )
    ended = _claims(folder, "--only", "recession")
    assert ended.exit_code == 0, ended.output
    assert "there already" in ended.stderr


def test_other_parameters_or_other_code_are_refused(
    measured: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = measured
    ended = _claims(folder, "--only", "recession", "--set", "world.base_rate=0.03")
    assert isinstance(ended.exception, DataError) and "params" in str(ended.exception)
    monkeypatch.setattr(seed_folder, "code_digest", lambda: "other")
    ended = _claims(folder, "--only", "recession")
    assert isinstance(ended.exception, DataError) and "code other" in str(ended.exception)


def test_two_commands_in_one_folder_do_not_mix(measured: tuple[Path, Any]) -> None:
    """Without the lock both would write the same runs and figures."""
    folder, _ = measured
    with held_folder(folder):
        ended = _claims(folder, "--only", "recession")
    assert isinstance(ended.exception, DataError) and "one writer" in str(ended.exception)
    assert _claims(folder, "--only", "recession").exit_code == 0


def test_a_run_that_fails_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path, stages: tuple[str, ...]) -> None:
        raise stage_runner.ChainError(f"stage {stages[0]} failed in {folder.name}")

    monkeypatch.setattr(stage_runner, "run", fail)
    ended = _claims(tmp_path, "--only", "approval")
    found = read_json(tmp_path / "claims.json")["claims"]["approval"]
    assert ended.exit_code == 1 and found["verdict"] == verdicts.UNMEASURED
    assert "stage simulate failed in run" in found["seeds"]["11"]["reason"]
    assert not (tmp_path / "seed-11" / "sample.json").exists()


@pytest.mark.slow
def test_a_run_of_the_chain_measures_its_claims(run: Path) -> None:
    """The chain of this folder's tests: the figures are those of its stage `evaluate`, and more."""
    figures = chain_parts.sample(run)
    assert figures.keys() >= PARTS["sample"].claims
    whole = figures["bad_rate"]
    assert whole is not None and whole.n == 2000
    gap = chain_parts.incumbent(run)["incumbent_gap"]
    assert gap is not None and abs(gap.value) < 1.0
    # One run at both scales: nothing differs.
    flow = chain_parts.flow(run, run)
    assert flow["flow_scale"] is not None and flow["flow_scale"].value == 0.0
    assert flow["flow_refusals"] is not None and flow["flow_refusals"].value > 0.0


def test_a_run_at_the_scale_of_the_default_world_is_that_of_the_quarter(tmp_path: Path) -> None:
    folder = seed_folder.SeedFolder(tmp_path / "seed-11", {"seed": 11})
    folder.open(3)
    assert folder.run_folder("quarter") == folder.run_folder("run") != folder.run_folder("full")
    other = seed_folder.SeedFolder(tmp_path / "seed-12", {"world.activity_scale": 0.1})
    other.open(3)
    assert len({other.run_folder(name) for name in ("run", "quarter", "full")}) == 3


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    write_json({"mine": 1}, tmp_path / "seed-11" / "mine.json")
    ended = _claims(tmp_path, "--only", "recession")
    assert isinstance(ended.exception, DataError) and "mine.json" in str(ended.exception)


def test_claims_that_do_not_stand_and_seeds_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(command.ClaimsOptionError, match="mean_rate"):
        command._wanted(document(Claims, paths.CLAIMS), "recession,mean_rate")
    with pytest.raises(command.ClaimsOptionError, match="whole numbers"):
        command._seeds("11,twelve")


# --- verdicts ---


def judged(name: str, *values: float, n: int = 100_000) -> str:
    claim = CLAIM[name]
    figures = [verdicts.of_seed(claim, ClaimFigure(value, n), BASE_RATE) for value in values]
    return verdicts.over_seeds(claim, dict(enumerate(figures))).verdict


def test_a_claim_is_met_where_every_seed_meets_it() -> None:
    assert judged("recession", 1.5, 1.7) == MET
    assert judged("recession", 1.5, 2.0) == MISSED


# table: a case a row
@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((0.04, 0.07), MET),
        # The mean is too low, though each seed is high enough.
        ((0.04, 0.04), MISSED),
        # One seed is too low, though the mean is high enough.
        ((0.02, 0.12), MISSED),
    ],
)
def test_the_gap_of_the_incumbent_is_judged_on_the_mean_and_on_each_seed(
    values: tuple[float, ...], verdict: str
) -> None:
    assert judged("incumbent_gap", *values) == verdict
    assert CLAIM["incumbent_gap"].data == "mean over seeds; at each seed at least .03"


def test_a_claim_that_one_seed_cannot_measure_is_not_met() -> None:
    assert judged("recession", 1.5, float("nan")) == verdicts.UNMEASURED
    assert judged("recession", 1.5, n=5) == verdicts.UNMEASURED
    # 600 loans of a world in which 2.35 % default.
    assert judged("early_late_auc", 0.7, n=600) == verdicts.UNMEASURED
    assert judged("early_late_auc", 0.7, n=6_000) == MET


def test_a_miss_at_one_seed_stays_a_miss_where_another_could_not_be_measured() -> None:
    assert judged("recession", 9.0, float("nan")) == MISSED


def test_what_is_impossible_is_counted_on_any_number_of_rows() -> None:
    assert judged("dpd_steps", 0.0, n=3) == MET
    assert judged("dpd_steps", 1.0, n=3) == MISSED
