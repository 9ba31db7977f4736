"""A batch of a user's own table, as it is: its own id column, what training never saw, the stop."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from creditloom.decision.decide import Decider
from creditloom.decision.loader import DecisionModel
from creditloom.decision.rulebook.policy import BeyondPolicy
from creditloom.decision.score.drift import PopulationCounts
from creditloom.pipeline.base import paths
from creditloom.pipeline.cli import build
from creditloom.pipeline.stages.results.decide import __main__ as decide_stage
from creditloom.pipeline.stages.results.report import report_parts
from creditloom.report.page.sections.summary import beyond
from creditloom.serving.batch.drift import DriftError
from creditloom.serving.score import score
from creditloom.serving.verify import verify
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_json, read_table
from tests.decision import own
from tests.report.sample import bare


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own.write_bundle(tmp_path_factory.mktemp("own"), layout=own.LAYOUT)


def decided(home: Path, bundle: Path, frame: pd.DataFrame | None, **how: Any) -> dict[str, Any]:
    """The manifest of a batch in `home`/out; None takes the input that is there."""
    if frame is not None:
        frame.to_parquet(home / "in.parquet", index=False)
    source = home / ("in.parquet" if frame is not None else "in")
    done = score(home / "out", source=source, bundle=bundle, threads=1, part_rows=300, **how)
    return done.manifest


def test_the_very_file_that_was_trained_on_is_scored(bundle: Path, tmp_path: Path) -> None:
    """With the label and the day in it, and its id under its own name."""
    table = own.table(700)
    manifest = decided(tmp_path, bundle, table)
    assert manifest["decided"] == 700
    there = read_table(tmp_path / "out" / "decisions").to_pandas()
    expected = Decider.load(bundle, 1).decide(own.renamed(table))
    assert list(there.application_id) == list(table.loan)
    assert list(there.decision_id) == list(expected.decision_id)
    np.testing.assert_array_equal(there.pd, expected.pd)
    assert verify(tmp_path / "out") == []


def test_a_folder_of_parts_is_scored_as_one_table(bundle: Path, tmp_path: Path) -> None:
    table = own.table(700)
    for k, part in enumerate(("2024-01", "2024-02/a")):
        file = tmp_path / "in" / f"{part}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        table.iloc[350 * k : 350 * (k + 1)].to_parquet(file, index=False)
    assert decided(tmp_path, bundle, None)["decided"] == 700
    there = read_table(tmp_path / "out" / "decisions")["application_id"].to_pylist()
    assert there == table.loan.tolist()


def test_the_counts_of_a_batch_are_those_of_its_columns(bundle: Path, tmp_path: Path) -> None:
    table = own.table(700)
    table.loc[10:29, "home"] = "houseboat"
    table.loc[20:22, "use"] = np.nan
    manifest = decided(tmp_path, bundle, table)
    assert manifest["beyond_training"] == {
        "rows": 700,
        "beyond": 20,
        "columns": {"home": {"nulls": 0, "unseen": 20}, "use": {"nulls": 3, "unseen": 0}},
    }
    parts = [json.loads(f.read_text()) for f in sorted((tmp_path / "out/receipts").iterdir())]
    assert [part["beyond_training"]["beyond"] for part in parts] == [20, 0, 0]
    assert verify(tmp_path / "out") == []
    changed = json.loads((tmp_path / "out/manifest.json").read_text())
    changed["beyond_training"]["beyond"] = 2
    (tmp_path / "out/manifest.json").write_text(json.dumps(changed))
    assert [finding.where for finding in verify(tmp_path / "out")].count("manifest.json") >= 2


def test_a_column_that_comes_empty_stops_the_batch(bundle: Path, tmp_path: Path) -> None:
    table = own.table(700).assign(use=np.nan)
    with pytest.raises(DriftError, match=r"column use") as stopped:
        decided(tmp_path, bundle, table)
    assert stopped.value.exit_code == 5
    assert "100.0%" in str(stopped.value) and "beyond what training saw" in str(stopped.value)
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    manifest = decided(tmp_path, bundle, table, accept_drift="the bureau is down")
    assert manifest["beyond_training"]["beyond"] == 700
    assert "approve" not in manifest["decisions"], "nobody is approved on a typical value"


def test_a_stop_counts_the_rows_that_no_sample_saw(bundle: Path, tmp_path: Path) -> None:
    """The share is of all rows: 40 of 700 here, 5.7 %, all in the last part."""
    table = own.table(700)
    table.loc[660:, "home"] = "houseboat"
    with pytest.raises(DriftError, match="column home"):
        decided(tmp_path, bundle, table)


def test_refused_rows_lie_in_quarantine_by_the_number_of_the_file(
    tmp_path: Path,
) -> None:
    bundle = own.write_bundle(tmp_path / "b", BeyondPolicy("refuse", 0.05), layout=own.LAYOUT)
    table = own.table(700)
    table.loc[[5, 400], "home"] = "houseboat"
    table.loc[7, "loan"] = None
    manifest = decided(tmp_path, bundle, table)
    aside = read_table(tmp_path / "out" / "quarantine").to_pandas().set_index("row")
    assert aside.rule.to_dict() == {5: "beyond_level", 7: "id_null", 400: "beyond_level"}
    assert aside.application_id[400] == "L00400"
    assert manifest["beyond_training"]["columns"]["home"]["unseen"] == 2


def test_a_batch_of_text_ids_is_verified_and_decided_again(bundle: Path, tmp_path: Path) -> None:
    """Ids that repeat, that are null and that are blank are set aside again for their reason."""
    table = own.table(700)
    table.loc[[3, 500], "loan"] = "twice"
    table.loc[7, "loan"] = None
    table.loc[9, "loan"] = " "
    decided(tmp_path, bundle, table)
    assert verify(tmp_path / "out") == []
    words = ["replay", str(tmp_path / "out"), "--bundle", str(bundle), "--json"]
    for more in ([], ["--input", str(tmp_path / "in.parquet"), "--shuffle", "3"]):
        told = json.loads(CliRunner().invoke(build(["replay"]), [*words, *more]).stdout)
        counts = [told[name] for name in ("decisions", "replayed", "set_aside")]
        assert counts == [696, 696, 4] and told["mismatches"] == told["missing"] == 0
    one = read_table(tmp_path / "out" / "decisions")["decision_id"][650].as_py()
    told = json.loads(CliRunner().invoke(build(["replay"]), [*words, "--decision-id", one]).stdout)
    assert told["decision"]["application_id"] == "L00654" and told["mismatches"] == 0


# One set of counts.


def odd_rows() -> pd.DataFrame:
    """Rows of which some hold what training never saw, one of them in two columns."""
    table = own.table(700).astype({"home": object})
    table.loc[10:29, "home"] = "houseboat"
    table.loc[[20, 21, 200], "use"] = np.nan
    table.loc[300, "home"] = None
    return table


def test_batch_stage_page_and_a_service_count_alike(
    bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = odd_rows()
    manifest = decided(tmp_path, bundle, table)
    service = DecisionModel(Decider.load(bundle, 1))
    service.predict(table)
    assert service.decider.population()[0].as_plain() == manifest["beyond_training"]
    shutil.copytree(bundle, tmp_path / paths.MODEL)
    (tmp_path / paths.MATRIX).parent.mkdir(parents=True)
    own.renamed(table).to_parquet(tmp_path / paths.MATRIX, index=False)
    monkeypatch.chdir(tmp_path)
    decide_stage.main()
    assert read_json(paths.BEYOND) == manifest["beyond_training"]
    told = capsys.readouterr().err
    counts = manifest["beyond_training"]
    assert "creditloom decide: beyond training: 22 (3.1%)" in told
    summary = dict(PopulationCounts.from_plain(counts).told())
    assert summary == {
        "beyond training": "22 (3.1%)",
        "  home: unseen level": "20 (2.9%)",
        "  home: null": "1 (0.1%)",
        "  use: null": "3 (0.4%)",
    }
    page = beyond(replace(bare(), beyond=report_parts._beyond(), beyond_rows=(22, 700)))
    assert report_parts._beyond_rows() == (22, 700)
    assert page is not None and page.lead.startswith("22 of 700 rows hold something beyond")
    (rows,) = page.blocks
    cells = [[cell.text.en for cell in row] for row in rows.rows]
    assert [row[:3] for row in cells] == [["home", "1", "20"], ["use", "3", "0"]]


def test_the_stages_decide_every_application_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch sets aside what the rule book refuses; the stages say so and how to go on."""
    own.write_bundle(tmp_path / paths.MODEL, BeyondPolicy("refuse", 0.05))
    (tmp_path / paths.MATRIX).parent.mkdir(parents=True)
    own.renamed(odd_rows()).to_parquet(tmp_path / paths.MATRIX, index=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"(?s)policy\.beyond_training.*refer or typical.*`"):
        decide_stage.main()
    assert not (tmp_path / paths.DECISIONS).exists()
