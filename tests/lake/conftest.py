"""Random raw tables of some people, as one folder and as the deliveries of some months."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.decision.bundle import write_manifest
from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.features.engine.engine import build
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.folders.lake_lists import LAKE, read_lake
from creditloom.storage.lake.change import LakeWork, add
from creditloom.storage.lake.receipts import changed
from creditloom.storage.sources import now
from tests.features.raw import PARAMS, Raw, random_raw
from tests.registry.small import write_bundle
from tests.score.test_events import REAL

MONTHS = 3
# Two executors, one core and this many MB each.
MASTER = "local-cluster[2,1,1024]"
# Of each kind one: own events, consents, other people's rows, loans. All tables would take seconds.
TABLES = ("applications", "payments", "contacts", "interactions", "logins", "enquiries", "loans")
LEFT_OUT = [table.name for table in EVENT_TABLES if table.name not in TABLES]
SHARDS = 3
WORK = LakeWork(max_bad_share=1.0, last=now(), threads=1)


@dataclass(frozen=True)
class Deliveries:
    """The same rows as one folder, and as a folder a month."""

    plain: Path
    months: tuple[Path, ...]

    def lake(self, root: Path, shards: int = SHARDS) -> Path:
        """A lake to which the months were added one after the other."""
        for month in self.months:
            add(root, month, WORK, name=month.name, shards=shards)
        return root


def matrix(root: Path, scratch: Path, params: object = PARAMS) -> pa.Table:
    """All features of a folder of raw tables, or of a lake."""
    checked = check_tables(root, scratch / "quarantine", scratch / "clean", max_bad_share=1.0)
    return pa.concat_tables(build(checked.files, params)).combine_chunks()


def content(lake: Path) -> object:
    """What counts in a lake, whatever its files are called; None where one is not whole."""
    if not (lake / LAKE).is_file():
        return ()
    state = read_lake(lake)
    runs = state.all_runs()
    if changed(state, [*(run for own in runs for run in own), *state.aside]):
        return None
    files = [sorted((run.table, run.sha256) for run in own) for own in runs]
    return state.sources, files, sorted((one.table, one.sha256) for one in state.aside)


def month_of(name: str, rows: pa.Table) -> np.ndarray:
    """The delivery of each row: by the moment it was known, people who apply by their number."""
    if "known_time" not in rows.column_names:
        return rows.column("applicant_id").to_numpy() % MONTHS
    known = rows.column("known_time").to_numpy()
    return np.searchsorted(np.quantile(known.astype(np.int64), [0.3, 0.6]), known.astype(np.int64))


def with_faults(raw: Raw) -> Raw:
    """Rows that come twice: equal ones, and different ones, in other months than the first."""
    rows = raw["payments"]
    later = rows.column("known_time").to_numpy() + np.timedelta64(300, "D")
    at = rows.column_names.index("known_time")
    late = rows.set_column(at, "known_time", pa.array(later, pa.timestamp("us")))
    late = late.cast(rows.schema)
    raw["payments"] = pa.concat_tables([rows, late.slice(3, 5), rows.slice(200, 4)])
    return raw


def with_counts(applications: pa.Table) -> pa.Table:
    """Applications whose counts lie in the ranges that a decision may rest on."""
    at = applications.column_names.index("months_on_book")
    field = applications.schema.field(at)
    values = applications.column(at).cast(pa.float64()).to_pandas()
    counts = pa.array((values.abs() % 120).astype("Float64")).cast(field.type)
    return applications.set_column(at, field, counts)


def write(raw: Mapping[str, pa.Table], root: Path) -> Path:
    for name, rows in raw.items():
        (root / name).mkdir(parents=True)
        pq.write_table(rows, root / name / f"{root.name}.parquet")
    return root


@pytest.fixture(scope="session")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> Deliveries:
    root = tmp_path_factory.mktemp("deliveries")
    whole = random_raw(people=15)
    raw = with_faults({name: whole[name] for name in TABLES})
    raw["applications"] = with_counts(raw["applications"])
    months = []
    for month in range(MONTHS):
        own = {
            name: rows.filter(pa.array(month_of(name, rows) == month)) for name, rows in raw.items()
        }
        months.append(
            write({name: rows for name, rows in own.items() if len(rows)}, root / f"m{month}")
        )
    return Deliveries(write(raw, root / "plain"), tuple(months))


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that reads real features."""
    root = write_bundle(tmp_path_factory.mktemp("bundle") / "model")
    for file in root.iterdir():
        text = file.read_text()
        for small, real in REAL.items():
            text = text.replace(small, real)
        file.write_text(text)
    write_manifest(root)
    return root


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A local cluster of two executor processes, whose compiler is the quick one.

    Each module has its own: a cluster left open would be the session of other folders' tests.
    """
    from pyspark.sql import SparkSession

    quick = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JDK_JAVA_OPTIONS", quick)
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        # table: the cluster
        settings = {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.executor.memory": "512m",
            "spark.executorEnv.PYTHONPATH": os.pathsep.join(sys.path),
            "spark.ui.enabled": "false",
            "spark.log.level": "ERROR",
        }
        session = SparkSession.builder.master(MASTER).config(map=settings).getOrCreate()
        yield
        session.stop()


def driver_environment(conf: Mapping[str, str], options: str) -> dict[str, str]:
    """Return the variables of a process that is a Spark driver of its own."""
    properties = " ".join(f"--conf {name}={value}" for name, value in conf.items())
    # table: the variables of the driver
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": f"{options}{properties} pyspark-shell",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
