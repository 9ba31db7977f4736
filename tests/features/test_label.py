"""Named loans and the label each must have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from creditloom.features.contract.tables import (
    LOAN_PERFORMANCE,
    LOANS,
    SHORT_LOAN_PERFORMANCE,
)
from creditloom.features.engine.raw_reader import RawFiles
from creditloom.features.feature_params import LabelParams
from creditloom.features.label import labels, loan_months
from tests.features.raw import random_applications, write_raw

# application: days past due in months 1, 2, ... as far as they are on record
# table: loan -> its days past due, month by month
PATHS = {
    0: [0] * 12,  # good
    1: [0, 30, 60, 90] + [120] * 8,  # bad
    2: [0, 0, 45] + [0] * 9,  # indeterminate
    3: [0] * 11,  # window not complete
    4: [0, 30, 60, 90],  # bad before its window was over
    5: [0, 29] + [0] * 10,  # a slip is good
    6: [0] * 12 + [95],  # bad only after the window
    7: [0, 30, 60] + [0] * 9,  # restructured in month 4: unlikely to pay
}
RESTRUCTURED = (7, 4)
NOT_BOOKED = 8


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> RawFiles:
    rows = [(app, month, dpd) for app, path in PATHS.items() for month, dpd in enumerate(path, 1)]
    app, month, dpd = (np.array(c) for c in zip(*rows, strict=True))
    end = np.datetime64("2024-01-31", "us") + month * np.timedelta64(30, "D")
    known = end + np.timedelta64(3, "D")
    is_restructured = (app == RESTRUCTURED[0]) & (month >= RESTRUCTURED[1])
    columns = [np.arange(len(rows)), app, end, known, app, month, dpd, is_restructured]
    performance = pa.table(
        dict(zip(LOAN_PERFORMANCE.arrow_schema.names, columns, strict=True))
    ).cast(LOAN_PERFORMANCE.arrow_schema)
    ids = np.array(list(PATHS))
    n = len(ids)
    booked = np.full(n, np.datetime64("2024-01-31", "us"))
    propensity = np.where(ids == 5, 0.05, 1.0)
    columns = [
        ids,
        ids,
        booked,
        np.full(n, 1000),
        np.full(n, 4e-4),
        np.full(n, 12),
        ids == 5,
        propensity,
    ]
    loans = pa.table(dict(zip(LOANS.arrow_schema.names, columns, strict=True))).cast(
        LOANS.arrow_schema
    )
    raw = {
        "applications": random_applications(9, np.random.default_rng(0)),
        "loans": loans,
        "loan_performance": performance,
    }
    return write_raw(raw, tmp_path_factory.mktemp("labels"))


@pytest.fixture(scope="module")
def found(raw: RawFiles) -> dict[int, dict]:
    return {row["application_id"]: row for row in labels(raw, LabelParams()).to_pylist()}


def test_labels(found: dict[int, dict]) -> None:
    assert {a: row["label"] for a, row in found.items()} == {
        0: 0,
        1: 1,
        2: None,
        3: None,
        4: 1,
        5: 0,
        6: 0,
        7: 1,
        8: None,
    }


def test_windows(found: dict[int, dict]) -> None:
    assert {a: row["is_complete"] for a, row in found.items()} == {
        0: True,
        1: True,
        2: True,
        3: False,
        4: True,
        5: True,
        6: True,
        7: True,
        8: False,
    }
    assert [a for a, row in found.items() if row["is_indeterminate"]] == [2]
    assert {a: row["max_dpd_days"] for a, row in found.items()} == {
        0: 0,
        1: 120,
        2: 45,
        3: 0,
        4: 90,
        5: 29,
        6: 0,
        7: 60,
        8: None,
    }


def test_selection(found: dict[int, dict]) -> None:
    assert [a for a, row in found.items() if not row["is_booked"]] == [NOT_BOOKED]
    assert (found[5]["is_control"], found[5]["weight"]) == (True, 1 / 0.05)
    assert (found[0]["is_control"], found[0]["weight"], found[NOT_BOOKED]["weight"]) == (
        False,
        1.0,
        None,
    )


def test_a_default_is_known_when_it_was_reported(found: dict[int, dict]) -> None:
    reported = (
        np.datetime64("2024-01-31", "us") + 4 * np.timedelta64(30, "D") + np.timedelta64(3, "D")
    )
    assert found[1]["default_known_time"] == reported.astype(object)
    assert found[7]["default_known_time"] == reported.astype(object)
    assert found[6]["default_known_time"] is None


def late_months(raw: RawFiles, params: LabelParams) -> dict[int, list[int]]:
    """Return by loan the months on book that are late, and check that the others are there."""
    rows = loan_months(raw, params).to_pylist()
    months = {loan: [row for row in rows if row["application_id"] == loan] for loan in PATHS}
    for loan, own in months.items():
        # Those after the window teach nothing.
        assert [row["month_on_book"] for row in own] == [*range(1, min(len(PATHS[loan]), 12) + 1)]
    return {loan: [r["month_on_book"] for r in own if r["is_late"]] for loan, own in months.items()}


def test_a_month_is_late_by_its_days_past_due_or_restructured(raw: RawFiles) -> None:
    late = {0: [], 1: [*range(2, 13)], 2: [3], 3: [], 4: [2, 3, 4], 5: [2], 6: []}
    assert late_months(raw, LabelParams()) == {**late, 7: [2, 3, *range(4, 13)]}
    later = {**late, 5: [], 7: [2, 3, *range(4, 13)]}
    assert late_months(raw, LabelParams(late_dpd_days=30)) == later


def test_short_loans_and_files_without_performance_have_no_months(raw: RawFiles) -> None:
    short = LabelParams(loans="short", bad_dpd_days=30, indeterminate_dpd_days=30)
    assert loan_months(raw, short).num_rows == 0
    without = {name: files for name, files in raw.items() if name != "loan_performance"}
    assert loan_months(without, LabelParams()).num_rows == 0


def test_without_loans_nothing_is_booked(tmp_path: Path) -> None:
    table = labels(
        write_raw({"applications": random_applications(3, np.random.default_rng(0))}, tmp_path),
        LabelParams(),
    )
    assert table.column("is_booked").to_pylist() == [False] * 3
    assert table.column("label").null_count == 3


# table: short loan -> (day on book, days past due) as far as they are on record
SHORT_PATHS = {
    0: [(15, 1), (30, 0), (45, 0)],  # good
    1: [(15, 8), (30, 23), (45, 38)],  # bad
    2: [(15, 0), (30, 0)],  # window not complete
    3: [(15, 15), (30, 30)],  # bad before its window was over
    4: [(15, 0), (30, 0), (45, 0), (60, 40)],  # bad only after the window
}


def short_performance() -> pa.Table:
    rows = [(app, *state) for app, path in SHORT_PATHS.items() for state in path]
    app, day, dpd = (np.array(c) for c in zip(*rows, strict=True))
    end = np.datetime64("2024-01-31", "us") + day * np.timedelta64(1, "D")
    columns = [np.arange(len(rows)), app, end, end, app, day, dpd]
    names = SHORT_LOAN_PERFORMANCE.arrow_schema.names
    table = pa.table(dict(zip(names, columns, strict=True)))
    return table.cast(SHORT_LOAN_PERFORMANCE.arrow_schema)


def test_the_short_loan_has_a_label_beside(tmp_path: Path) -> None:
    raw = {
        "applications": random_applications(6, np.random.default_rng(0)),
        "short_loan_performance": short_performance(),
    }
    sources = write_raw(raw, tmp_path)
    table = labels(sources, LabelParams())
    assert table.column("short_label").to_pylist() == [0, 1, None, 1, 0, None]
    start = np.datetime64("2024-01-31", "us")
    known = [start + days * np.timedelta64(1, "D") for days in (45, 45, 30, 45)]
    assert table.column("short_known_time").drop_null().to_pylist() == [t.item() for t in known]
    # Where the label itself is of short loans there is no second task.
    of_short = LabelParams(loans="short", bad_dpd_days=30, indeterminate_dpd_days=30)
    assert labels(sources, of_short).column("short_label").null_count == 6
