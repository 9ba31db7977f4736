"""`creditloom tune`: in its minutes, from the journal on; what it prints can be committed."""

from __future__ import annotations

import json
import re
import shlex
import time
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.decision.base.strict_json import plain
from creditloom.models.training.training import TrainParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import changed_text, section
from creditloom.pipeline.cli import build
from creditloom.storage.files.formats import RESULTS, write_document
from creditloom.storage.files.store import write_json, write_table
from tests.models.worlds import world

W = world(2000, 4, per_concept=1, noise=2)
# table: parameters with which a trial takes a part of a second
QUICK = {
    "split.origins": 2,
    "split.known_by": "optimistic",
    "train.booster.min_trees": 20,
    "train.booster.max_trees": 30,
    "train.booster.threads": 1,
    "train.small.rounds": [10, 20],
    "train.small.booster.threads": 1,
    "train.additive.penalties": [300.0],
}


def catalogue() -> Catalogue:
    concepts = {str(f["concept"]): str(f["family"]) for f in W.features}
    features = [
        Feature(str(f["name"]), str(f["family"]), str(f["concept"]), direction=f["direction"])
        for f in W.features
    ]
    texts = [Concept(name, family, name, name) for name, family in concepts.items()]
    return Catalogue(tuple(texts), tuple(features))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what featurize and select leave."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(changed_text(QUICK, paths.DEFAULTS), encoding="utf-8")
    write_table(pa.Table.from_pandas(W.matrix, preserve_index=False), paths.MATRIX)
    write_table(pa.Table.from_pandas(W.labels, preserve_index=False), paths.LABELS)
    write_json(plain(catalogue()), paths.CATALOGUE)
    names = list(W.names)
    write_document({"features": names, "origins": [names, names[:-1]]}, paths.SELECTED, RESULTS)
    return tmp_path


def tune(*options: str) -> str:
    """Run the command; return all that it prints."""
    end = CliRunner().invoke(build(["tune", "params"]), ["tune", *options])
    assert end.exit_code == 0, end.output + repr(end.exception)
    return end.output


def figures(home: Path) -> dict:  # type: ignore[type-arg]
    return json.loads((home / paths.TUNING_REPORT / "figures.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_a_second_run_goes_on_and_what_it_prints_changes_params(home: Path) -> None:
    first = tune("--trials", "1", "--minutes", "5")
    assert "a new journal" in first and "nothing to commit" in first
    second = tune("--trials", "6", "--minutes", "5", "--processes", "2")
    assert "goes on from 1 trials" in second and "trial 6 of 6" in second
    found = figures(home)
    assert [trial["ordinal"] for trial in found["trials"]] == list(range(6))
    for name in ("history.svg", "importances.svg", "slices.svg"):
        assert (home / paths.TUNING_REPORT / name).read_text(encoding="utf-8").startswith("<?xml")
    line = re.search(r"creditloom (params --set .*)", second)
    if found["changes"]:
        assert line is not None
        changed = CliRunner().invoke(build(["tune", "params"]), shlex.split(line[1]))
        assert changed.exit_code == 0, changed.output
        rate = section("train", TrainParams).booster.learning_rate
        assert rate == found["changes"]["train.booster.learning_rate"]


@pytest.mark.parametrize(
    ("option", "message"), [("--trials", "1 or more"), ("--processes", "expected 1 to 8")]
)
def test_a_number_that_cannot_be_meant_is_refused(home: Path, option: str, message: str) -> None:
    end = CliRunner().invoke(build(["tune", "params"]), ["tune", option, "0"])
    assert message in str(end.exception)


@pytest.mark.slow
def test_the_whole_run_keeps_to_its_minutes(home: Path) -> None:
    # Shorter, and a busy machine that stands still for seconds would decide.
    minutes = 2.0
    # The libraries of the command are loaded before the clock runs.
    build(["tune"])
    start = time.monotonic()
    tune("--trials", "100000", "--minutes", str(minutes))
    seconds = time.monotonic() - start
    assert 0.9 * 60 * minutes <= seconds <= 1.1 * 60 * minutes
