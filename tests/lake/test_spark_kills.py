"""Driver, application and executors of a Spark `score` are killed; the batch is as if nobody had.

The moments are drawn: after so many of the files that tasks leave. Nothing is put right between.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.features.test_spark import needs_spark
from tests.lake.conftest import LEFT_OUT, MASTER, Deliveries, driver_environment
from tests.score.test_resume import bytes_of

pytestmark = [needs_spark, pytest.mark.slow]
# Few shards, and a part for each person: there are moments between the parts.
SHARDS = 5
PART_ROWS = "1"
# Seconds between two looks at the files, and until a process that should end is given up.
LOOK_S = 0.02
PATIENCE_S = 300
# Drawn anew with another seed; the batch must be the same at any.
SEED = 11
# How many parts are there when the driver, the application and an executor are killed: from, below.
# Two tasks at work may end while their driver dies, so the ranges lie apart.
MOMENTS = ((2, 5), (7, 10), (12, 14))
# What the processes are called: an executor, and the JVM that holds the application.
EXECUTOR = "CoarseGrainedExecutorBackend"
APPLICATION = "org.apache.spark.deploy.SparkSubmit"
FEATURES = "shard-*.parquet"
RECEIPTS = "receipts/part-*.json"
# table: the properties of the cluster
CONF = {
    "spark.ui.enabled": "false",
    "spark.log.level": "ERROR",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}
SUBMIT = f"--master {MASTER} --driver-memory 1g --executor-memory 512m "


@dataclass(frozen=True)
class Scoring:
    """A `creditloom score` of the lake in a folder, as a process of its own."""

    home: Path
    bundle: Path
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, engine: str) -> subprocess.Popen[bytes]:
        env = driver_environment(CONF, SUBMIT)
        words = [sys.executable, "-m", "creditloom.pipeline.cli", "score", "--engine", engine]
        words += ["--events", "lake", "--bundle", str(self.bundle), "--output", "night"]
        words += ["--as-of", "2024-06-20", "--today", "2026-01-01", "--max-bad-share", "1"]
        words += ["--part-rows", PART_ROWS]
        words += [word for name in LEFT_OUT for word in ("--without", name)]
        with (self.home / "said.txt").open("ab") as said:
            self.started.append(
                subprocess.Popen(words, cwd=self.home, env=env, stdout=said, stderr=said)
            )
        return self.started[-1]

    def count(self, pattern: str) -> int:
        """Return how many files of a kind tasks have left."""
        return sum(1 for _ in self.home.rglob(pattern))

    def wait(self, pattern: str, n: int) -> None:
        """Return once there are `n` files of a kind. Fail where the command ends before."""
        end = time.monotonic() + PATIENCE_S
        while self.count(pattern) < n:
            assert self.started[-1].poll() is None and time.monotonic() < end, self.said()
            time.sleep(LOOK_S)

    def process(self, of: str) -> psutil.Process:
        """Return the newest process of the command that names `of`, once there is one."""
        end = time.monotonic() + PATIENCE_S
        while True:
            found = [one for one in self.tree() if of in " ".join(_words(one))]
            if found:
                return found[-1]
            assert self.started[-1].poll() is None and time.monotonic() < end, self.said()
            time.sleep(LOOK_S)

    def tree(self) -> list[psutil.Process]:
        return psutil.Process(self.started[-1].pid).children(recursive=True)

    def ended(self, victim: psutil.Process) -> int:
        """Kill a process and wait until all of the command is gone; return the exit code."""
        tree = self.tree()
        victim.kill()
        code = self.started[-1].wait(PATIENCE_S)
        psutil.wait_procs(tree, PATIENCE_S)
        return code

    def said(self) -> str:
        return (self.home / "said.txt").read_text()[-4_000:]


@pytest.fixture
def scoring(deliveries: Deliveries, bundle: Path, tmp_path: Path) -> Iterator[Scoring]:
    deliveries.lake(tmp_path / "lake", shards=SHARDS)
    scoring = Scoring(tmp_path, bundle)
    yield scoring
    # What a failed test leaves.
    for one in scoring.started:
        one.kill()


def test_a_batch_of_spark_that_is_killed_is_the_same_after_resume(scoring: Scoring) -> None:
    assert scoring.start("duckdb").wait() == 0, scoring.said()
    shards = scoring.count(FEATURES)
    wanted = _taken(scoring.home)
    rng = np.random.default_rng(SEED)
    first, second, third = (int(rng.integers(*moment)) for moment in MOMENTS)
    # An executor while features are made; then the driver, which leaves some parts.
    scoring.start("spark")
    scoring.wait(FEATURES, int(rng.integers(1, shards)))
    scoring.process(EXECUTOR).kill()
    scoring.wait(RECEIPTS, first)
    assert scoring.ended(psutil.Process(scoring.started[-1].pid)) != 0
    # The application: the JVM below the driver, and with it what it knows of all tasks.
    scoring.start("spark")
    scoring.wait(RECEIPTS, second)
    assert scoring.ended(scoring.process(APPLICATION)) != 0
    # An executor while parts are made: Spark starts another one, and the command ends well.
    last = scoring.start("spark")
    scoring.wait(RECEIPTS, third)
    scoring.process(EXECUTOR).kill()
    assert last.wait(PATIENCE_S) == 0, scoring.said()
    left = _taken(scoring.home)
    assert [name for name in wanted if wanted[name] != left.get(name)] == []
    assert left.keys() == wanted.keys()


def _words(process: psutil.Process) -> list[str]:
    """Return the words of a process; none where it is gone."""
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []


def _taken(home: Path) -> dict[str, bytes]:
    """Take batch and features away; return their files."""
    files = {}
    for name in ("night", "night.features"):
        files |= {f"{name}/{file}": content for file, content in bytes_of(home / name).items()}
        shutil.rmtree(home / name)
    return files
