"""`creditloom retrain`: one month forward, judged beside the champion, proposed or not.

The stages are stubs (`retrain_home`); a run of the real ones is marked slow.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.commands.model.register import promote, registry_of
from creditloom.pipeline.commands.retrain.command import NOT_PROPOSED, retrain
from creditloom.pipeline.commands.retrain.judging import decided_rows
from creditloom.pipeline.commands.retrain.run_folder import OURS, STAGES
from creditloom.serving.batch.deciding_model import DecidingModel
from creditloom.serving.registry import lookup
from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.mlflow_store import Store
from creditloom.serving.registry.runtime import RUNTIME
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.outputs import held_folder
from tests.pipeline.retrain_home import LEVEL, Stubs, lender, write_raw
from tests.registry.conftest import GOOD
from tests.registry.small import applications, write_bundle

MONTH = "2026-01"
OUT = Path("data/retrained") / MONTH
NAME = "credit-decision"


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return lender(tmp_path_factory.mktemp("lender"))


@pytest.fixture(scope="module")
def started(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lender's folder: parameters, raw tables and a champion of other seeds."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shutil.copy(paths.DEFAULTS, paths.PARAMS)
        write_raw(frame, paths.RAW)
        bundle = write_bundle(Path("data/champion"), seed=8, level=LEVEL)
        registry_of(None).register(bundle, RUNTIME, GOOD, {lookup.LEARNT_TAG: "2025-04"})
    return folder


@pytest.fixture
def home(started: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in which the test stands."""
    folder = tmp_path / "home"
    shutil.copytree(started, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def stubs(frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Stubs:
    made = Stubs(frame)
    monkeypatch.setattr(stage_runner, "run", made.run)
    return made


def answer() -> dict[str, object]:
    content: dict[str, object] = json.loads((OUT / "proposal.json").read_text(encoding="utf-8"))
    return content


def champion_says(frame: pd.DataFrame) -> pd.DataFrame:
    """Decisions of the registered champion."""
    model = DecidingModel.of_uri(f"models:/{NAME}@champion", paths.REGISTRY)
    answers = decided_rows(model, frame)
    return pd.DataFrame({"pd": answers.pd, "decision": answers.decision})


def versions() -> int:
    return len(lookup.versions(paths.REGISTRY / "mlflow.db", NAME))


def test_a_good_model_is_proposed_on_rows_that_the_champion_has_not_learnt_from(
    home: Path, stubs: Stubs
) -> None:
    retrain(MONTH)
    found = answer()
    assert found["is_proposed"] and found["reasons"] == []
    assert (found["judged_from"], found["judged_until"]) == ("2025-04", "2026-01")
    assert found["outcomes_known_by"] == "2026-01-01" and found["champion_version"] == 1
    assert versions() == 1  # nobody asked to register it
    assert not (home / "data" / "features").exists()  # of the checkout nothing is touched


def test_run_twice_it_equals_once(home: Path, stubs: Stubs) -> None:
    retrain(MONTH, register=True)
    first = (OUT / "proposal.json").read_bytes()
    ran = len(stubs.ran)
    retrain(MONTH, register=True)
    assert (OUT / "proposal.json").read_bytes() == first
    assert versions() == 2 and len(stubs.ran) == ran == len(STAGES)


def test_its_run_in_mlflow_says_what_it_was_made_of_and_judged_by(home: Path, stubs: Stubs) -> None:
    """As a run of `register` does: name, parameters, figures, files, description, matrix."""
    retrain(MONTH, register=True)
    client = Store.at(paths.REGISTRY, {}).client()
    version = client.get_model_version(NAME, "2")
    run = client.get_run(version.run_id)
    assert run.info.run_name.startswith(f"{NAME} ") and len(run.data.params) > 20
    assert run.data.params["split.known_by"].startswith("2026-01")
    assert run.data.metrics["observable.auc"] > 0.5 and "dataset_sha256" in run.data.tags
    assert {file.path for file in client.list_artifacts(run.info.run_id)} >= {"report"}
    assert "retrain as of 2026-01" in version.description.lower()
    assert "AUC of the champion on them" in version.description


@pytest.mark.slow
def test_months_that_come_later_change_nothing(
    home: Path, stubs: Stubs, frame: pd.DataFrame
) -> None:
    """A retrain of an old month sees what was known then, whatever lies there now."""
    retrain(MONTH)
    first = (OUT / "proposal.json").read_bytes()
    later = frame.tail(50).assign(application_id=np.arange(50) + 10**6)
    later["as_of"] = later["as_of"] + pd.DateOffset(months=2)
    write_raw(pd.concat([frame, later]), paths.RAW)
    retrain(MONTH)
    assert (OUT / "proposal.json").read_bytes() == first and len(stubs.ran) == len(STAGES)


def test_a_worse_model_is_not_proposed_and_not_registered(home: Path, stubs: Stubs) -> None:
    """The planted fault: it has learnt the labels of other people."""
    stubs.is_shuffled = True
    with pytest.raises(SystemExit) as end:
        retrain(MONTH, promote=True)
    assert end.value.code == NOT_PROPOSED
    reasons = " ".join(map(str, answer()["reasons"]))  # type: ignore[call-overload]
    assert "champion" in reasons and "ridge" in reasons
    assert versions() == 1


def test_the_champion_itself_is_no_proposal(home: Path, stubs: Stubs) -> None:
    stubs.seed = 8
    with pytest.raises(SystemExit):
        retrain(MONTH)
    assert "is the champion, version 1, to the byte" in str(answer()["reasons"])


def test_rolled_back_it_gives_the_same_answers(home: Path, stubs: Stubs) -> None:
    rows = applications(200, seed=3)
    before = champion_says(rows)
    retrain(MONTH, promote=True)
    after = champion_says(rows)
    assert not after.equals(before)
    retrain(MONTH, promote=True)  # the scheduler runs again: nothing changes
    assert versions() == 2 and champion_says(rows).equals(after)
    promote("the new one was a mistake", previous=True)
    assert champion_says(rows).equals(before)
    # The scheduler does not bring back what a person took away.
    with pytest.raises(SystemExit) as end:
        retrain(MONTH, promote=True)
    assert end.value.code == NOT_PROPOSED and champion_says(rows).equals(before)


def test_who_goes_back_says_to_whom(home: Path) -> None:
    with pytest.raises(RegistryError, match="Nobody was champion before"):
        promote("why", previous=True)
    with pytest.raises(RegistryError, match="either --version N, or --previous"):
        promote("why", version=1, previous=True)


def test_a_killed_run_goes_on_where_it_was(home: Path, stubs: Stubs) -> None:
    stubs.dies_at = "train"
    with pytest.raises(KeyboardInterrupt):
        retrain(MONTH)
    retrain(MONTH)
    assert stubs.ran == ["featurize", "select", "train", "train", "calibrate", "bundle"]


@pytest.mark.slow
def test_other_parameters_train_anew(home: Path, stubs: Stubs) -> None:
    retrain(MONTH)
    text = paths.PARAMS.read_text(encoding="utf-8")
    paths.PARAMS.write_text(text.replace("keep: 250", "keep: 249"), encoding="utf-8")
    retrain(MONTH)
    assert stubs.ran == [*STAGES, *STAGES]


def test_two_at_once_are_refused(home: Path, stubs: Stubs) -> None:
    with held_folder(OUT), pytest.raises(DataError, match="Another process writes this output"):
        retrain(MONTH)


def test_a_folder_of_somebody_else_is_left_alone(home: Path, stubs: Stubs) -> None:
    OUT.mkdir(parents=True)
    (OUT / "thesis.txt").write_text("mine")
    with pytest.raises(DataError, match="would replace something else"):
        retrain(MONTH)
    assert [path.name for path in OUT.iterdir()] == ["thesis.txt"]


@pytest.mark.slow
def test_what_a_run_leaves_is_known_for_ours(home: Path, stubs: Stubs) -> None:
    retrain(MONTH)
    assert OURS.is_ours(OUT)
