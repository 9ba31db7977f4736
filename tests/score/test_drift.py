"""R12: a batch from another population is not decided until a person says why."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.decision.bundle import write_manifest
from creditloom.decision.decide import Decider
from creditloom.decision.score.drift import chance_psi, shares, smoothed_psi
from creditloom.serving.batch import job
from creditloom.storage.files.store import read_json, read_table
from tests.registry.small import applications
from tests.score.conftest import Run

ROWS = 6_000
LATE = ("--today", "2026-12-31")  # their as_of run that far
EDGES = [470.0, 490.0, 510.0, 530.0]


@pytest.fixture
def training(bundle: Path, tmp_path: Path) -> Path:
    """The bundle with the scores of its training applicants, ROWS like those of the batch."""
    folder = tmp_path / "model"
    folder.mkdir()
    for file in bundle.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    scores = (
        Decider.load(folder)
        .decide(applications(ROWS, seed=1), explain="none")["score_raw"]
        .to_numpy()
    )
    found = {
        "score_edges": EDGES,
        "score_shares": shares(scores, tuple(EDGES)).tolist(),
        "psi_stop": 0.25,
    }
    reference = json.loads((folder / "reference.json").read_text())
    (folder / "reference.json").write_text(json.dumps({**reference, **found}))
    write_manifest(folder)
    return folder


def _moved() -> pd.DataFrame:
    frame = applications(ROWS, seed=2)
    return frame.assign(pay_a_3m=frame["pay_a_3m"] + 3.0, bur_d_3m=frame["bur_d_3m"] + 3.0)


def test_the_same_population_is_decided(score: Run, training: Path) -> None:
    applications(ROWS, seed=2).to_parquet("in.parquet")
    assert score("in.parquet", "--bundle", str(training), *LATE).exit_code == 0


def test_another_population_is_not(
    score: Run, training: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _moved().to_parquet("in.parquet")
    with pytest.raises(SystemExit) as stopped:
        score("in.parquet", "--bundle", str(training), *LATE)
    assert stopped.value.code == 5
    assert "R12" in capsys.readouterr().err
    assert not list(Path("out.batch").glob("decisions/*"))


def test_a_person_may_accept_it_with_a_reason(score: Run, training: Path) -> None:
    _moved().to_parquet("in.parquet")
    assert (
        score(
            "in.parquet",
            "--bundle",
            str(training),
            *LATE,
            "--accept-drift",
            "new channel, checked by risk",
        ).exit_code
        == 0
    )
    assert (
        read_json("out.batch/batch.json")["options"]["accept_drift"]
        == "new channel, checked by risk"
    )


def test_a_small_batch_of_another_population_is_not_decided(score: Run, training: Path) -> None:
    _moved().iloc[:200].to_parquet("in.parquet")
    with pytest.raises(SystemExit) as stopped:
        score("in.parquet", "--bundle", str(training), *LATE)
    assert stopped.value.code == 5


def test_a_handful_of_rows_says_nothing_about_a_population(score: Run, training: Path) -> None:
    _moved().iloc[:20].to_parquet("in.parquet")
    assert score("in.parquet", "--bundle", str(training), *LATE).exit_code == 0
    assert read_table("out.parquet").num_rows == 20


def test_drift_between_the_sampled_places_is_found_before_the_batch_is_sealed(
    score: Run, training: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sampled blocks are of the population, everything between them is not."""
    monkeypatch.setattr(job, "SAMPLE_ROWS", ROWS // 40)
    monkeypatch.setattr(job, "SAMPLED_BLOCKS", 8)
    same = applications(ROWS, seed=2)
    # Each group begins with rows of the population; the sample takes no more of it than those.
    is_first = np.arange(ROWS) % (ROWS // 8) < ROWS // 40
    mixed = pd.concat([same[is_first], _moved()[~is_first]]).sort_index()
    table = pa.Table.from_pandas(mixed, preserve_index=False)
    pq.write_table(table, "in.parquet", row_group_size=ROWS // 8)
    with pytest.raises(SystemExit) as stopped:
        score("in.parquet", "--bundle", str(training), *LATE)
    assert stopped.value.code == 5
    assert "in all decided rows" in capsys.readouterr().err
    assert not Path("out.batch/manifest.json").exists() and not Path("out.parquet").exists()
    score("in.parquet", "--bundle", str(training), *LATE, "--replace", "--accept-drift", "new one")
    assert read_table("out.parquet").num_rows == ROWS


@pytest.mark.parametrize("rows", [30, 60, 200, 1_000])
@pytest.mark.parametrize("bins", [5, 10, 20])
def test_chance_alone_stops_no_small_batch(rows: int, bins: int) -> None:
    """20,000 batches of the training population: fewer stop than one in 1,000."""
    # A seed, so that the test says the same each time.
    rng = np.random.default_rng(7)
    expected = np.full(bins, 1 / bins)
    level = 0.25 + chance_psi(np.full(bins, rows / bins))
    drawn = rng.multinomial(rows, expected, size=20_000)
    shares_of = (drawn + bins * expected) / (rows + bins)
    psis = ((shares_of - expected) * np.log(shares_of / expected)).sum(axis=1)
    assert smoothed_psi(expected, drawn[0]) == pytest.approx(psis[0])
    assert (psis > level).mean() < 1e-3
