"""`creditloom fit` on a folder of raw tables.

Features by our engine, labels from a column or from the loans.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import Result

from creditloom.features.contract.tables import ASSET_BALANCES, PAYMENTS
from creditloom.storage.files.store import read_frame, write_table
from tests.features.raw import DAY, random_applications, random_events
from tests.fit.conftest import Run, fit_in

# One world is made for all of them, which takes tens of seconds.
pytestmark = pytest.mark.slow

PEOPLE = 150


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    return write_tables(tmp_path / "raw")


def write_tables(root: Path) -> Path:
    """Payments and balances of 150 people; one in three goes bad, and those keep less money."""
    rng = np.random.default_rng(3)
    bad = (np.arange(PEOPLE) % 3 == 0).astype(int)
    people = random_applications(PEOPLE, rng).append_column("is_bad", pa.array(bad))
    people = people.set_column(
        people.column_names.index("consent_assets"),
        "consent_assets",
        pa.array(np.ones(PEOPLE, bool)),
    )
    balances = random_events(ASSET_BALANCES, PEOPLE * 20, PEOPLE, rng).to_pandas()
    balances["balance_fen"] = (
        balances["balance_fen"] / (1 + 0.4 * bad[balances["applicant_id"]])
    ).astype("int64")
    write_table(people, root / "applications.parquet")
    payments = random_events(PAYMENTS, PEOPLE * 10, PEOPLE, rng).to_pandas()
    payments["amount_fen"] = payments["amount_fen"].clip(
        lower=5_000
    )  # a salary below 50 yuan is taken for one in yuan
    write_table(
        pa.Table.from_pandas(payments, schema=PAYMENTS.arrow_schema, preserve_index=False),
        root / "payments.parquet",
    )
    write_table(
        pa.Table.from_pandas(balances, schema=ASSET_BALANCES.arrow_schema, preserve_index=False),
        root / "asset_balances.parquet",
    )
    return root


def _loans(root: Path) -> None:
    """The same outcomes as a loan book: month 12 on record, or ninety days past due before."""
    people = pq.read_table(root / "applications.parquet")
    ids = people["application_id"]
    bad = people["is_bad"].to_numpy() == 1
    # table: the columns of loans
    loans = {
        "application_id": ids,
        "applicant_id": ids,
        "booked_time": people["as_of"],
        "principal_fen": np.full(PEOPLE, 10_000),
        "daily_rate": np.full(PEOPLE, 0.0005),
        "tenor_months": np.full(PEOPLE, 12, np.int16),
        "is_control": np.zeros(PEOPLE, bool),
        "booking_propensity": np.ones(PEOPLE),
    }
    write_table(pa.table(loans), root / "loans.parquet")
    when = people["as_of"].to_numpy() + 360 * DAY
    write_table(
        pa.table(
            {
                "event_id": ids,
                "applicant_id": ids,
                "event_time": when,
                "known_time": when,
                "application_id": ids,
                "month_on_book": np.full(PEOPLE, 12, np.int16),
                "dpd_days": np.where(bad, 95, 0).astype(np.int16),
            }
        ),
        root / "loan_performance.parquet",
    )
    write_table(people.drop_columns(["is_bad"]), root / "applications.parquet")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The folder of a fit on raw tables, two rows of which are bad, and how it ended."""
    folder = tmp_path_factory.mktemp("fitted")
    payments = write_tables(folder / "raw") / "payments.parquet"
    frame = pq.read_table(payments).to_pandas()
    frame.loc[[5, 9], "amount_fen"] = -100
    write_table(
        pa.Table.from_pandas(frame, schema=PAYMENTS.arrow_schema, preserve_index=False), payments
    )
    options = ("--data", "raw", "--label", "is_bad", "--protected", "age_years", "--out", "out")
    with fit_in(folder) as fit:
        return folder / "out", fit(*options)


def test_a_label_column_of_applications(fitted: tuple[Path, Result]) -> None:
    out, _ = fitted
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    decisions = read_frame(out / "decisions.parquet")
    concepts = {reason["concept"] for reasons in decisions["reasons"] for reason in reasons}
    assert metrics["cv"]["auc"]["mean"] > 0.65
    assert metrics["oot"] is not None
    assert concepts <= {
        "cash_balance",
        "wealth_and_proofs",
        "payment_activity",
        "spending_stability",
        "spending_pattern",
        "fund_retention",
        "peer_transfers",
    }
    assert len(decisions) == PEOPLE


@pytest.mark.slow
def test_labels_from_the_loan_book_are_the_same(fit: Run, tables: Path, tmp_path: Path) -> None:
    fit("--data", "raw", "--label", "is_bad", "--out", "one")
    _loans(tables)
    fit("--data", "raw", "--out", "two")
    one, two = (read_frame(tmp_path / name / "decisions.parquet") for name in ("one", "two"))
    pd.testing.assert_frame_equal(one, two)


def test_bad_rows_of_a_table_are_set_aside_and_counted(fitted: tuple[Path, Result]) -> None:
    out, result = fitted
    aside = read_frame(out / "quarantine" / "payments.parquet")
    assert aside["event_id"].tolist() == [5, 9]
    assert set(aside["rule"]) == {"amount_fen.below"}
    assert "2 bad rows set aside" in result.output
    assert not (out / "quarantine" / "clean").exists()


# table: a case a row
@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("amount_fen", -100, "amount_fen.below"),
        ("event_time", pd.Timestamp("2999-01-01"), "event_time.future"),
    ],
)
def test_a_table_that_is_bad_throughout_is_refused(
    fit: Run,
    tables: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    column: str,
    value: object,
    words: str,
) -> None:
    frame = pq.read_table(tables / "payments.parquet").to_pandas().assign(**{column: value})
    write_table(
        pa.Table.from_pandas(frame, schema=PAYMENTS.arrow_schema, preserve_index=False),
        tables / "payments.parquet",
    )
    with pytest.raises(SystemExit) as end:
        fit("--data", "raw", "--label", "is_bad", "--out", "out")
    assert end.value.code == 2
    assert words in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


@pytest.mark.parametrize(
    ("label", "words"),
    [("is_bda", "rename `is_bad` to `is_bda`"), ("age_years", "cannot be learnt from")],
)
def test_a_label_that_is_none_is_refused(
    fit: Run,
    tables: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    label: str,
    words: str,
) -> None:
    with pytest.raises(SystemExit):
        fit("--data", "raw", "--label", label, "--out", "out")
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
