"""Table `spark`: `creditloom score --events` of a lake on two executors beside the embedded engine.

The rows are the raw tables of the current folder, cut into shards. CPU is that of all processes,
JVMs and workers among them. Spark's start is a part of it, so few people show it large.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from creditloom.pipeline.base import paths
from creditloom.pipeline.proof.bench.events import applications_there
from creditloom.pipeline.proof.bench.row import BenchRow, compare
from creditloom.pipeline.proof.usage import measure
from creditloom.storage.lake.change import LakeWork, add
from creditloom.storage.sources import now

CLI = "creditloom.pipeline.cli"
# Shards of the lake, two for each executor, and rounds in turns.
SHARDS = 4
ROUNDS = 3
# Two executors of one core and this many MB each, as spark-submit would be told.
MASTER = "local-cluster[2,1,1024]"
SUBMIT = f"--master {MASTER} --driver-memory 1g --executor-memory 512m {{conf}} pyspark-shell"
# The JVMs pass names and counts, so they need neither the second compiler nor a parallel collector.
JVM = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
CONF = {
    "spark.ui.enabled": "false",
    "spark.log.level": "ERROR",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.executorEnv.OMP_NUM_THREADS": "1",
    "spark.driver.extraJavaOptions": JVM,
    "spark.executor.extraJavaOptions": JVM,
}
OURS = "creditloom score --events lake --engine {engine} --as-of {moment} --bundle data/model"
# Largest ratio of the CPU to that of the embedded engine, and the one aimed at.
BAR = 2.0
AIM = 1.3


def run(quick: bool) -> list[BenchRow]:
    """Measure CPU seconds of whole commands in turns, and compare the roots of the batches.

    Raises ValueError where the two engines leave other decisions.
    """
    people, moment = applications_there()
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        folder = Path(name).resolve()
        work = LakeWork(max_bad_share=1.0, last=now())
        add(folder / "lake", paths.RAW, work, shards=SHARDS)
        # First, as it compiles where no compiled code is cached yet.
        _score(folder, "duckdb", moment)
        pairs = []
        for _ in range(1 if quick else ROUNDS):
            spark, there = _score(folder, "spark", moment)
            embedded, here = _score(folder, "duckdb", moment)
            if here != there:
                raise ValueError(f"{folder}: the two engines leave other decisions")
            pairs.append((spark, embedded))
    commands = tuple(OURS.format(engine=engine, moment=moment) for engine in ("spark", "duckdb"))
    what = f"score --events, {people:,} people in {SHARDS} shards, on {MASTER}"
    return [compare("spark", what, (commands[0], commands[1]), "CPU s", pairs, BAR, AIM)]


def _score(folder: Path, engine: str, moment: str) -> tuple[float, list[bytes]]:
    """Return the CPU seconds of a batch, and the bytes of its decisions."""
    conf = " ".join(f"--conf '{name}={value}'" for name, value in CONF.items())
    # table: the variables of the command
    env = {
        "CREDITLOOM_SALTS": "5a" * 32,
        "PYSPARK_SUBMIT_ARGS": SUBMIT.format(conf=conf),
        # A machine whose name is in no DNS would not find itself.
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    # table: the options of the command
    options = (
        "--events", str(folder / "lake"), "--engine", engine, "--as-of", moment,
        "--bundle", str(paths.MODEL.resolve()), "--output", "night", "--threads", "2",
        "--accept-drift", "everyone as of one moment", "--max-bad-share", "1",
    )  # fmt: skip
    used = measure(CLI, "score", *options, folder=folder, threads=1, env={**os.environ, **env})
    decided = [file.read_bytes() for file in sorted((folder / "night/decisions").iterdir())]
    for made in folder.iterdir():
        if made.name != "lake":
            shutil.rmtree(made)
    return used.tree_cpu, decided
