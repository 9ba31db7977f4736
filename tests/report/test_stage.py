"""What the report stage itself reads: rows per table, seconds per stage, bars in words.

Rendering is tested beside it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from creditloom.models.evaluation.bars import Bars
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.pipeline.stages.results.report.report_parts import bars, runtime, volumes
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import write_table


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place to run a stage in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(stage: str, seconds: float, rows: dict[str, int]) -> None:
    """What the stage clock leaves behind."""
    paths.RUNTIME.mkdir(parents=True, exist_ok=True)
    (paths.RUNTIME / f"{stage}.json").write_text(
        json.dumps({"stage": stage, "seconds": seconds, "rows": rows})
    )


def test_rows_of_raw_tables_in_both_layouts(folder: Path) -> None:
    for name, rows in (
        ("raw/payments/part-00000", 3),
        ("raw/payments/part-00001", 2),
        ("raw/enquiries", 4),
    ):
        write_table(pa.table({"x": list(range(rows))}), folder / f"{name}.parquet")
    found = volumes(SourceParams(kind="tables", path="raw"))
    assert found.to_dict("records") == [
        {"table": "payments", "family": "payment_flow", "rows": 5},
        {"table": "enquiries", "family": "bureau", "rows": 4},
    ]


def test_a_finished_feature_table_is_one_table(folder: Path) -> None:
    write_table(pa.table({"x": [1, 2, 3]}), folder / "own.parquet")
    assert volumes(SourceParams(kind="matrix", path="own.parquet"))["rows"].tolist() == [3]


def test_seconds_are_merged_in_the_order_of_the_stages(folder: Path) -> None:
    ran("train", 2.5, {"loans": 2530, "bads": 204})
    ran("simulate", 10.0, {f"table {i}": 1000 for i in range(17)})
    ran("an old stage", 99.0, {})
    frame = runtime()
    assert frame["stage"].tolist() == ["simulate", "train"]
    assert frame["counts"].tolist() == ["17,000 rows in 17 tables", "2,530 loans, 204 bads"]
    written = json.loads(paths.RUNTIME_JSON.read_text())
    assert written["seconds"] == 12.5
    assert written["stages"][1] == {
        "stage": "train",
        "seconds": 2.5,
        "rows": {"bads": 204, "loans": 2530},
    }


def test_without_any_clock_there_is_an_empty_table(folder: Path) -> None:
    assert len(runtime()) == 0


def metrics() -> dict[str, Any]:
    """Just met, just missed, not known."""
    return {
        "discrimination": {
            "share_of_reachable_gini": 0.9,
            "ridge_logit": {"share_of_reachable_gini": 0.955},
        },
        "calibration": {"tiers_reversed": 1},
        "final": {"approve_rate": 0.81, "bad_rate_true": None},
        "reasons": {"largest_sum_error_points": 5e-13},
    }


def test_bars_are_judged_on_the_bar_itself_and_told_in_words() -> None:
    found = {bar.name.en: bar for bar in bars(metrics())}
    gini = found["Gini, share of reachable"]
    assert (gini.passed, gini.aim, gini.note, gini.name.zh) == (
        True,
        "≥ 90.0 %",
        "ridge 95.5 %",
        "基尼占可达上限",
    )
    final = found["final approvals of the asked"]
    assert (final.passed, final.aim) == (False, "58.0 % to 80.0 %")
    assert (found["tiers reversed"].passed, found["tiers reversed"].aim) == (False, "0")
    # A figure that is not there misses its bar, but for data of one's own without a truth.
    assert found["true bad rate of final approvals"].passed is False
    own = {bar.name.en: bar for bar in bars({**metrics(), "has_truth": False})}
    assert own["true bad rate of final approvals"].passed is None
    assert found["points and base against score_raw"].aim == "≤ 1e−09"


def test_every_bar_of_the_house_has_its_words() -> None:
    declared = document(Bars, paths.BARS).bars
    assert len(declared) == len({bar.figure for bar in declared}) >= 8
    assert [bar.name for bar in declared if not (bar.name and bar.chinese and bar.source)] == []
