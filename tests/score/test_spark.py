"""`creditloom score --engine spark`: Spark's workers make the parts.

No byte tells which engine made them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from creditloom.features.engine.cluster.spark_session import open_session
from creditloom.features.feature_params import FeatureParams
from creditloom.serving.batch.output import StorageError
from tests.features.test_spark import needs_spark
from tests.score.conftest import Run
from tests.score.test_resume import bytes_of

PARTS = ("--part-rows", "10")
SPARK = ("--engine", "spark")

pytestmark = [needs_spark, pytest.mark.slow]


@pytest.fixture(scope="module", autouse=True)
def session() -> Iterator[None]:
    """Start one local[2] session for all batches of this module.

    The command takes the session that is open. Its compiler is the quick one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        yield from _open()


def _open() -> Iterator[None]:
    with open_session(FeatureParams(engine="spark", threads=2)):
        yield


@pytest.fixture
def here(score: Run, frame: pd.DataFrame) -> dict[str, bytes]:
    """Make the batch `here` by the embedded engine.

    A row set aside, an id twice, several row groups.
    """
    bad = frame.assign(
        wealth_fen=[-1, *frame["wealth_fen"][1:]], application_id=[*range(58), 5, 59]
    )
    bad.to_parquet("in.parquet", index=False, row_group_size=16)
    score("in.parquet", *PARTS, "--output", "here")
    return bytes_of(Path("here"))


def test_the_bytes_are_those_of_the_embedded_engine(score: Run, here: dict[str, bytes]) -> None:
    summary = json.loads(score("in.parquet", *PARTS, *SPARK, "--output", "there", "--json").stdout)
    assert (summary["parts"], summary["decided"], summary["rejected_by_rule"]) == (
        6,
        57,
        {"below_range": 1, "id_duplicate": 2},
    )
    assert bytes_of(Path("there")) == here


def test_a_batch_begun_by_one_engine_is_ended_by_the_other(
    score: Run, here: dict[str, bytes]
) -> None:
    Path("here/manifest.json").unlink()
    for part in (3, 4, 5):
        Path(f"here/receipts/part-{part:05}.json").unlink()
    assert (
        json.loads(score("in.parquet", *PARTS, *SPARK, "--output", "here", "--json").stdout)[
            "resumed_rows"
        ]
        == 30
    )
    assert bytes_of(Path("here")) == here


def test_what_a_worker_refuses_is_refused_here(
    score: Run, frame: pd.DataFrame, here: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder lies where a part's file should be, so the worker cannot write.

    The driver ends with the exit code of a disk that refuses.
    """
    Path("here/manifest.json").unlink()
    Path("here/receipts/part-00005.json").unlink()
    Path("here/decisions/part-00005.parquet").unlink()
    Path("here/decisions/part-00005.parquet").mkdir()
    with pytest.raises(SystemExit) as stopped:
        score("in.parquet", *PARTS, *SPARK, "--output", "here")
    assert stopped.value.code == StorageError.exit_code
    assert "finished parts are kept" in capsys.readouterr().err
