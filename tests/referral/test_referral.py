"""A referred case waits, and a role decides it once with a reason.

The record shows every later change of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.pipeline.base import paths
from creditloom.pipeline.commands.decisions.refer import app
from creditloom.serving.referral.overrides import (
    Override,
    ReferralError,
    append,
    read,
)
from creditloom.serving.referral.queue.cases import referred_cases, waiting_cases
from creditloom.storage.files.record import RecordError
from creditloom.storage.files.store import write_table
from tests.decision import small

WHY = "income confirmed by two pay slips"


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    decider = Decider.load(small.write_bundle(tmp_path_factory.mktemp("bundle")), 1)
    return referred_cases(decisions_table(decider.decide(small.frame(400)))).to_pandas()


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "overrides" / "overrides.jsonl"


def decision(row: pd.Series, **changes: object) -> Override:
    """An approval of all of the limit."""
    made = Override(
        "2025-11-04T09:00:00+00:00",
        row["decision_id"],
        str(row["application_id"]),
        "approve",
        1.0,
        WHY,
        "senior underwriter",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def known(queue: pd.DataFrame) -> pd.DataFrame:
    return queue[queue["limit_cny"].notna()]


def test_only_referred_rows_wait_and_each_says_why(queue: pd.DataFrame) -> None:
    """S3-R27."""
    assert len(queue) > 10
    assert queue["reasons"].map(len).min() > 0


def test_a_decided_case_waits_no_more_and_the_record_is_chained(
    queue: pd.DataFrame, record: Path
) -> None:
    """S2-R04, S5-R44: a person may decide otherwise, and it is recorded."""
    one, two = (known(queue).iloc[k] for k in (0, 1))
    append(decision(one, limit_cny=one["limit_cny"]), queue, record)
    append(decision(two, outcome="decline", limit_cny=None), queue, record)
    left = waiting_cases(queue, [one.decision_id for one in read(record)])
    assert len(left) == len(queue) - 2 and one["decision_id"] not in set(left["decision_id"])
    assert [o.outcome for o in read(record)] == ["approve", "decline"]
    assert read(record)[0].previous != read(record)[1].previous


# table: a case a row
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"decision_id": "f" * 32}, "No such application waits"),
        ({"reason": "ok"}, "needs a reason"),
        ({"role": " "}, "name of a role"),
        ({"limit_cny": None}, "limit of an approval"),
        ({"limit_cny": 0.0}, "limit of an approval"),
        ({"limit_cny": float("nan")}, "limit of an approval"),
        ({"limit_cny": float("inf")}, "limit of an approval"),
        ({"outcome": "decline", "limit_cny": 500.0}, "A decline has no limit"),
    ],
)
def test_what_cannot_be_recorded_is_refused(
    queue: pd.DataFrame, record: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(ReferralError, match=said):
        append(decision(known(queue).iloc[0], **changes), queue, record)
    assert not record.exists()


def test_no_limit_above_that_of_the_decision(queue: pd.DataFrame, record: Path) -> None:
    row = known(queue).iloc[0]
    with pytest.raises(ReferralError, match="at most"):
        append(decision(row, limit_cny=row["limit_cny"] + 1), queue, record)


def test_nobody_decides_twice(queue: pd.DataFrame, record: Path) -> None:
    made = decision(known(queue).iloc[0])
    append(made, queue, record)
    with pytest.raises(ReferralError, match="decided before"):
        append(made, queue, record)


@pytest.mark.parametrize(
    "change", [lambda t: t.replace("approve", "decline", 1), lambda t: t.split("\n", 1)[1]]
)
def test_a_changed_or_lost_line_is_seen(queue: pd.DataFrame, record: Path, change: object) -> None:
    for k in range(3):
        append(decision(known(queue).iloc[k]), queue, record)
    record.write_text(change(record.read_text()))  # type: ignore[operator]
    with pytest.raises(RecordError, match="line"):
        read(record)


def test_a_changed_last_line_is_seen(queue: pd.DataFrame, record: Path) -> None:
    append(decision(known(queue).iloc[0]), queue, record)
    record.write_text(record.read_text().replace("senior", "junior"))
    with pytest.raises(RecordError, match="last line"):
        read(record)


def test_where_no_limit_was_computed_the_products_largest_is_the_most(
    queue: pd.DataFrame, record: Path
) -> None:
    row = known(queue).iloc[0]
    without = queue.assign(limit_cny=np.nan)
    for limit, largest in ((1e12, 200_000.0), (1e12, None), (1.0, None)):
        with pytest.raises(ReferralError, match="limit of an approval"):
            append(decision(row, limit_cny=limit), without, record, largest)
    assert append(decision(row, limit_cny=1e5), without, record, 2e5).limit_cny == 1e5


OVERRIDING = """
import sys
from dataclasses import replace
from pathlib import Path
from creditloom.serving.referral.overrides import Override, ReferralError, append
from creditloom.storage.files.store import read_frame
queue = read_frame(sys.argv[1])
for row in queue.head(6).to_dict("records"):
    try:
        append(Override("2025-11-04T09:00:00+00:00", row["decision_id"], "1", "decline", None,
               f"decided by process {sys.argv[3]}", "underwriter"), queue, Path(sys.argv[2]))
    except ReferralError as error:
        assert "decided before" in str(error)
"""


# Eight interpreters load pandas.
@pytest.mark.slow
def test_eight_processes_at_once_decide_each_case_once(
    queue: pd.DataFrame, record: Path, tmp_path: Path
) -> None:
    write_table(pa.Table.from_pandas(queue, preserve_index=False), tmp_path / "queue.parquet")
    people = [
        subprocess.Popen(
            [sys.executable, "-c", OVERRIDING, tmp_path / "queue.parquet", record, str(number)],
            cwd=paths.PACKAGE.parent,
        )
        for number in range(8)
    ]
    assert [person.wait() for person in people] == [0] * 8
    decided = [override.decision_id for override in read(record)]
    assert sorted(decided) == sorted(queue["decision_id"].head(6))


@pytest.mark.parametrize("odd", ["[/red]", "x [/OPS]", "a\u2028b", "a\x85b", ":warning: [b]"])
def test_every_command_works_with_any_text(
    queue: pd.DataFrame, record: Path, tmp_path: Path, odd: str
) -> None:
    """As id, reason and role: they are no markup, and end no line."""
    named = queue.head(2).assign(application_id=odd)
    write_table(pa.Table.from_pandas(named, preserve_index=False), tmp_path / "queue.parquet")
    where = ["--queue", str(tmp_path / "queue.parquet"), "--record", str(record)]
    runner = CliRunner()
    reason = f"because of {odd} as said"
    words = ["override", "--outcome", "decline", "--reason", reason, "--role", f"role {odd}"]
    log = ["--log", str(tmp_path / "log")]
    said = runner.invoke(app, [*words, named["decision_id"].iloc[0], *where, *log])
    assert said.exit_code == 0 and json.loads(said.stdout)["reason"] == reason
    assert [one.reason for one in read(record)] == [reason]
    listed = runner.invoke(app, ["list", "--json", *where])
    assert json.loads(listed.stdout)["application_id"] == odd
    assert len(listed.stdout.splitlines()) == 1
    shown = runner.invoke(app, ["list", *where])
    assert shown.exit_code == 0 and odd.split()[0][:3] in shown.stdout


def test_the_command_lists_and_records(queue: pd.DataFrame, record: Path, tmp_path: Path) -> None:
    write_table(pa.Table.from_pandas(queue, preserve_index=False), tmp_path / "queue.parquet")
    where = ["--queue", str(tmp_path / "queue.parquet"), "--record", str(record)]
    row = known(queue).iloc[0]
    runner = CliRunner()
    said = runner.invoke(
        app,
        [
            "override",
            row["decision_id"],
            "--outcome",
            "approve",
            "--limit",
            "500",
            "--reason",
            WHY,
            "--role",
            "x",
            *where,
            "--log",
            str(tmp_path / "log"),
        ],
    )
    assert said.exit_code == 0 and read(record)[0].limit_cny == 500
    listed = runner.invoke(app, ["list", "--json", *where])
    assert listed.exit_code == 0 and len(listed.stdout.splitlines()) == len(queue) - 1
