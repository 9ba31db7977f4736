"""One command opens one Spark session, however many of its steps ask for one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from creditloom.features.engine.cluster import spark_session
from creditloom.features.engine.cluster.spark_session import one_session, open_session
from creditloom.features.feature_params import FeatureParams

PARAMS = FeatureParams(engine="spark", threads=2)


class Told:
    """Stands for Spark: tells what was opened and stopped, and needs no Java."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.active: Told | None = None
        self.conf = SimpleNamespace(set=lambda _name, _value: None)
        self.builder = self

    def appName(self, _name: str) -> Told:
        return self

    def config(self, *, map: dict[str, Any]) -> Told:
        self.master = map["spark.master"]
        return self

    def getActiveSession(self) -> Told | None:
        return self.active

    def getOrCreate(self) -> Told:
        if self.active is None:
            self.said.append(f"open {self.master}")
            self.active = self
        return self

    def stop(self) -> None:
        self.said.append("stop")
        self.active = None


@pytest.fixture
def spark(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Return what stands for Spark, on a machine where nobody configured it."""
    sql = pytest.importorskip("pyspark.sql")
    told = Told()
    monkeypatch.setattr(sql, "SparkSession", told)
    monkeypatch.setattr(spark_session, "_require_spark", lambda: None)
    for name in (*spark_session.CONFIGURED, "PYSPARK_PYTHON", "SPARK_LOCAL_IP"):
        # Set first, so that what the code sets is taken back at the end.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return told


def test_steps_of_one_command_share_a_session_of_its_cores(spark: Told) -> None:
    with one_session(threads=3):
        assert spark.said == []
        for _ in ("features", "decisions"):
            with open_session(PARAMS):
                spark.said.append("step")
    assert spark.said == ["open local[3]", "step", "step", "stop"]


def test_a_step_that_fails_stops_the_shared_session(spark: Told) -> None:
    with pytest.raises(OSError, match="full"), one_session(threads=3), open_session(PARAMS):
        raise OSError("full")
    assert spark.said == ["open local[3]", "stop"]


def test_a_step_alone_stops_its_own_session(spark: Told) -> None:
    for _ in ("features", "decisions"):
        with open_session(PARAMS):
            spark.said.append("step")
    assert spark.said == ["open local[2]", "step", "stop"] * 2


def test_a_session_of_somebody_else_stays_open(spark: Told) -> None:
    spark.active = spark
    with one_session(threads=3), open_session(PARAMS):
        spark.said.append("step")
    assert spark.said == ["step"]
