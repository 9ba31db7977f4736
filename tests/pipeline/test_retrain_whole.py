"""A whole retrain of a small world by the real stages, as README's line starts it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.commands.model.register import registry_of
from creditloom.pipeline.commands.retrain.command import NOT_PROPOSED
from creditloom.serving.registry import lookup
from creditloom.serving.registry.runtime import RUNTIME
from tests.pipeline.conftest import small_run
from tests.registry.conftest import GOOD

ROOT = paths.PACKAGE.parent


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world with its first champion, which has learnt from the months before 2025-07."""
    # Twice the applicants of other tests: in loans of some months few defaults are known.
    folder = small_run(
        tmp_path_factory.mktemp("whole") / "run",
        stage_runner.TO_DECISIONS,
        **{"world.applicants": 4000},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        notes = {lookup.LEARNT_TAG: "2025-07"}
        registry_of(None).register(paths.MODEL, RUNTIME, GOOD, notes)
    return folder


def creditloom(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW")}
    return subprocess.run(
        [sys.executable, "-m", "creditloom.pipeline.cli", *line.split()],
        cwd=folder,
        env={**environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def guide_line() -> str:
    text = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^creditloom (retrain [^#]*?) +#", text, re.MULTILINE)
    return str(line)


def with_shuffled_outcomes(folder: Path, until: str) -> None:
    """Give each loan of the months before `until` the course of another one of its month.

    Only loans of applications have a label; those of one month are of one age.
    """
    applied = pd.read_parquet(folder / paths.RAW / "applications")["application_id"]
    loans = pd.read_parquet(folder / paths.RAW / "loans")
    early = loans[loans["application_id"].isin(applied) & (loans["booked_time"] < until)]
    rng = np.random.default_rng(1)
    other: dict[int, int] = {}
    for _, month in early.groupby(early["booked_time"].dt.to_period("M"))["application_id"]:
        ids = month.to_numpy()
        other |= dict(zip(ids.tolist(), rng.permutation(ids).tolist(), strict=True))
    files = sorted((folder / paths.RAW / "loan_performance").glob("*.parquet"))
    courses = [pd.read_parquet(file) for file in files]
    whole = pd.concat(courses)
    at = ["application_id", "month_on_book"]
    for key in ("dpd_days", "is_restructured"):
        known = dict(zip(whole[at].itertuples(index=False, name=None), whole[key], strict=True))
        for course in courses:
            rows = zip(*(course[name] for name in at), course[key], strict=True)
            given = [known.get((other.get(loan, loan), month), own) for loan, month, own in rows]
            course[key] = pd.Series(given, index=course.index, dtype=course[key].dtype)
    for file, course in zip(files, courses, strict=True):
        course.to_parquet(file, index=False)


@pytest.mark.slow
def test_a_month_forward_is_answered_twice_alike_and_leaves_the_rest_alone(
    started: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(started, home)
    shutil.rmtree(home / paths.TRUTH)  # nobody asks it
    model = (home / paths.MANIFEST).read_bytes()
    first = creditloom(home, guide_line())
    assert first.returncode in (0, NOT_PROPOSED), first.stderr
    proposal = home / "data" / "retrained" / "2026-04" / "proposal.json"
    found = json.loads(proposal.read_text(encoding="utf-8"))
    assert found["judged_from"] == "2025-07" and found["judged"]["bads"] >= 20
    assert found["is_proposed"] == (first.returncode == 0)
    content = proposal.read_bytes()
    again = creditloom(home, guide_line())
    assert again.returncode == first.returncode and proposal.read_bytes() == content
    assert "train: done before" in again.stderr
    assert (home / paths.MANIFEST).read_bytes() == model


@pytest.mark.slow
def test_a_model_of_shuffled_outcomes_is_not_proposed(started: Path, tmp_path: Path) -> None:
    """The plausible fault: a join of outcomes to the wrong loans, in the months that teach."""
    home = tmp_path / "home"
    shutil.copytree(started, home)
    with_shuffled_outcomes(home, until="2025-07-01")
    done = creditloom(home, "retrain --as-of 2026-04 --promote")
    assert done.returncode == NOT_PROPOSED, done.stderr
    proposal = home / "data" / "retrained" / "2026-04" / "proposal.json"
    found = json.loads(proposal.read_text(encoding="utf-8"))
    assert found["judged"]["champion"]["paired"]["delta"] < 0
    # Its ridge has learnt the same wrong labels, so it is the champion that tells.
    assert any("(champion" in reason for reason in found["reasons"]), found["reasons"]
    assert len(lookup.versions(home / "data" / "registry" / "mlflow.db", "credit-decision")) == 1
