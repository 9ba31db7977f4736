"""The driver of a snapshot on a cluster takes no more memory for ten times the edges.

Its two processes are measured, Python and the JVM. Whatever comes back of all tasks of a stage may
be 1 MB: so a query that collects edges ends the command, as 250,000 of them are 4 MB.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from creditloom.features.contract.tables import CONTACTS, PAYMENTS
from creditloom.storage.lake.change import add
from tests.features.raw import random_applications, random_events
from tests.features.test_spark import needs_spark
from tests.lake.conftest import MASTER, SHARDS, WORK, driver_environment, write

pytestmark = [needs_spark, pytest.mark.slow]
PEOPLE = 2_500
TIMES = 10
# Rows a person: listed contacts and payments, of which some name another person.
CONTACTS_EACH = 5
PAYMENTS_EACH = 3
# Largest ratio of the memory of the driver.
BAR = 1.1
SEED = 11
# table: the properties of the cluster
CONF = {
    "spark.driver.maxResultSize": "1m",
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
    "spark.log.level": "ERROR",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}
SUBMIT = f"--master {MASTER} --driver-memory 512m --executor-memory 512m "
# Makes a snapshot, and tells the peak of its own memory and of the JVM's, in kB.
MAKING = """
import datetime as dt, json, sys
from pathlib import Path
from pyspark.sql import SparkSession
from creditloom.serving.whole.network_snapshot import make_snapshot

session = SparkSession.builder.getOrCreate()
moment = dt.datetime(2024, 7, 2)
made = make_snapshot(Path("lake"), moment, Path("network"), max_bad_share=1.0, engine="spark")
jvm = session._jvm.java.lang.ProcessHandle.current().pid()
peaks = []
for pid in ("self", jvm):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    peaks += [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
rows = {name: table["rows"] for name, table in made.manifest["tables"].items()}
print("told", json.dumps({"peaks": peaks, "rows": rows}))
"""


def test_ten_times_the_edges_take_no_more_memory_of_the_driver(tmp_path: Path) -> None:
    few, many = (_made(tmp_path / str(n), PEOPLE * n) for n in (1, TIMES))
    assert many["rows"]["links"] > 9 * few["rows"]["links"]
    assert sum(many["peaks"]) <= BAR * sum(few["peaks"]), (few, many)


def _made(home: Path, people: int) -> dict[str, dict[str, int]]:
    """Make the snapshot of a lake of so many people; return peaks and rows of its tables."""
    rng = np.random.default_rng(SEED)
    raw = {
        "applications": random_applications(people, rng),
        "contacts": random_events(CONTACTS, people * CONTACTS_EACH, people, rng),
        "payments": random_events(PAYMENTS, people * PAYMENTS_EACH, people, rng),
    }
    add(home / "lake", write(raw, home / "raw"), WORK, shards=SHARDS)
    env = driver_environment(CONF, SUBMIT)
    # table: the driver, a program of its own
    done = subprocess.run(
        [sys.executable, "-c", MAKING],
        cwd=home,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    told = next(line for line in done.stdout.splitlines() if line.startswith("told"))
    found: dict[str, dict[str, int]] = json.loads(told.removeprefix("told"))
    return found
