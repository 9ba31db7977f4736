"""The contract: what is injected is what is set aside.

A file that is no such table is refused in words.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.features.contract.tables import APPLICATIONS, PAYMENTS, TABLES
from creditloom.storage.contract.checked import Checked
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.contract.row_rules import Period, rules
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_frame, read_json, write_table

N = 100
PERIOD = Period(dt.datetime(1990, 1, 1), dt.datetime(2024, 12, 31))
START = pd.Timestamp("2024-01-01")


def payments() -> pd.DataFrame:
    """A hundred good payments of ten people, one an hour."""
    moments = START + pd.to_timedelta(range(N), "h")
    return pd.DataFrame(
        {
            "event_id": range(N),
            "applicant_id": [k % 10 for k in range(N)],
            "event_time": moments,
            "known_time": moments + pd.Timedelta(days=1),
            "direction": "out",
            "category": "food",
            "amount_fen": 100,
            "is_offline": False,
        }
    )


def bills() -> pd.DataFrame:
    moments = START + pd.to_timedelta(range(5), "D")
    return pd.DataFrame(
        {
            "event_id": range(5),
            "applicant_id": range(5),
            "event_time": moments,
            "known_time": moments,
            "kind": "water",
            "amount_fen": 9_000,
            "days_late": 0,
        }
    )


def applications() -> pd.DataFrame:
    flags = dict.fromkeys(
        (c.name for c in TABLES["applications"].columns if c.name.startswith("consent_")), True
    )
    return pd.DataFrame(
        {
            "application_id": range(10),
            "applicant_id": range(10),
            "as_of": START + pd.Timedelta(days=60),
            **flags,
        }
    )


def write(root: Path, name: str, frame: pd.DataFrame, drop: str = "") -> None:
    schema = TABLES.get(name, APPLICATIONS).arrow_schema
    whole = frame.assign(**{c: None for c in schema.names if c not in frame})[schema.names]
    table = pa.Table.from_pandas(
        whole,
        schema=pa.schema([field.with_nullable(True) for field in schema]),
        preserve_index=False,
    )
    write_table(table.drop_columns([drop]) if drop else table, root / f"{name}.parquet")


def checked(
    tmp_path: Path, frame: pd.DataFrame, share: float = 0.5, apply: pd.DataFrame | None = None
) -> Checked:
    write(tmp_path / "raw", "payments", frame)
    write(tmp_path / "raw", "applications", applications() if apply is None else apply)
    return check_tables(
        tmp_path / "raw", tmp_path / "bad", tmp_path / "clean", max_bad_share=share, period=PERIOD
    )


def set_aside(tmp_path: Path) -> dict[int, str]:
    frame = read_frame(tmp_path / "bad" / "payments.parquet")
    return dict(zip(frame["event_id"], frame["rule"], strict=True))


# table: rule -> column and a value that breaks it
BAD = {
    "amount_fen.null": ("amount_fen", None), "amount_fen.below": ("amount_fen", -5),
    "category.among": ("category", "yachts"), "direction.null": ("direction", None),
    "known_time.skew": ("known_time", START - pd.Timedelta(days=1)),
    "event_time.future": ("event_time", pd.Timestamp("2030-01-01")),
    "applicant_id.unknown": ("applicant_id", 77),
    "event_time.early": ("event_time", pd.Timestamp("1970-01-01")),
    "amount_fen.above": ("amount_fen", 2_000_000_000),
}  # fmt: skip


def test_a_clean_table_is_handed_on_as_it_lies(tmp_path: Path) -> None:
    found = checked(tmp_path, payments())
    assert found.files["payments"] == (str(tmp_path / "raw" / "payments.parquet"),)
    assert found.bad == 0
    assert [file.name for file in (tmp_path / "bad").iterdir()] == ["summary.json"]


@pytest.mark.parametrize("rule", BAD)
def test_each_rule_sets_its_row_aside_and_no_other(tmp_path: Path, rule: str) -> None:
    """S3-R51: a mandatory field that is missing is one of them."""
    frame = payments().astype({"amount_fen": "Int64"})
    column, value = BAD[rule]
    frame.loc[7, column] = value
    if rule == "event_time.future":  # a payment cannot be known before it happens
        frame.loc[7, "known_time"] = value
    found = checked(tmp_path, frame)
    assert set_aside(tmp_path) == {7: rule}
    assert read_frame(found.files["payments"][0])["event_id"].tolist() == [
        k for k in range(N) if k != 7
    ]
    assert read_frame(tmp_path / "bad" / "payments.parquet")["reason"].str.len().min() > 0


def test_different_rows_of_one_id_are_all_set_aside(tmp_path: Path) -> None:
    frame = payments()
    frame.loc[[3, 4], "event_id"] = 50
    checked(tmp_path, frame)
    aside = read_frame(tmp_path / "bad" / "payments.parquet")
    assert (aside["event_id"].tolist(), aside["row"].tolist()) == ([50, 50, 50], [3, 4, 50])
    assert set(aside["rule"]) == {"event_id.duplicate"}


def test_of_equal_rows_the_first_stays(tmp_path: Path) -> None:
    frame = payments()
    found = checked(tmp_path, pd.concat([frame, frame.iloc[[7, 7, 9]]]))
    aside = read_frame(tmp_path / "bad" / "payments.parquet")
    assert (aside["row"].tolist(), set(aside["rule"])) == ([100, 101, 102], {"event_id.repeated"})
    assert read_frame(found.files["payments"][0])["event_id"].tolist() == list(range(N))


def test_duplicates_are_found_among_ids_far_apart(tmp_path: Path) -> None:
    frame = payments().assign(event_id=lambda f: f["event_id"] * 10**12)
    frame.loc[3, "event_id"] = 50 * 10**12
    checked(tmp_path, frame)
    assert (
        read_frame(tmp_path / "bad" / "payments.parquet")["event_id"].tolist() == [50 * 10**12] * 2
    )


def test_a_bad_row_is_named_by_file_and_row_and_only_its_file_is_written_again(
    tmp_path: Path,
) -> None:
    frame = payments()
    frame.loc[60, "amount_fen"] = -1
    write(tmp_path / "raw", "applications", applications())
    for name, rows in (("part-00000", slice(0, 50)), ("part-00001", slice(50, 100))):
        write(tmp_path / "raw" / "payments", "payments", frame[rows])
        (tmp_path / "raw" / "payments" / "payments.parquet").rename(
            tmp_path / "raw" / "payments" / f"{name}.parquet"
        )
    found = check_tables(tmp_path / "raw", tmp_path / "bad", tmp_path / "clean", max_bad_share=0.05)
    aside = read_frame(tmp_path / "bad" / "payments.parquet").iloc[0]
    assert (aside["table"], aside["file"], aside["row"], aside["rule"]) == (
        "payments",
        "part-00001.parquet",
        10,
        "amount_fen.below",
    )
    assert [Path(file).is_relative_to(tmp_path / "clean") for file in found.files["payments"]] == [
        False,
        True,
    ]
    assert [pq.read_metadata(file).num_rows for file in found.files["payments"]] == [50, 49]


def test_a_row_that_breaks_two_rules_names_both(tmp_path: Path) -> None:
    frame = payments()
    frame.loc[7, ["amount_fen", "category"]] = [-1, "yachts"]
    found = checked(tmp_path, frame)
    assert set(set_aside(tmp_path)[7].split("; ")) == {"amount_fen.below", "category.among"}
    assert found.bad == 1
    summary = read_json(tmp_path / "bad" / "summary.json")
    assert summary["payments"] == {
        "bad": 1,
        "rows": N,
        "rules": {"amount_fen.below": 1, "category.among": 1},
    }


def test_events_of_a_bad_application_are_not_bad_themselves(tmp_path: Path) -> None:
    apply = applications()
    apply.loc[4, "as_of"] = pd.Timestamp("2031-01-01")
    found = checked(tmp_path, payments(), apply=apply)
    assert {check.table: check.bad for check in found.checks} == {"payments": 0, "applications": 1}
    assert 4 not in read_frame(found.files["applications"][0])["application_id"].tolist()


def test_too_many_bad_rows_stop_the_run(tmp_path: Path) -> None:
    with pytest.raises(
        DataError,
        match=r"(?s)Too many bad rows in table `payments`.*at most 5\.0%"
        r".*100 of 100.*amount_fen\.below: 100",
    ):
        checked(tmp_path, payments().assign(amount_fen=-1), share=0.05)


def test_what_an_earlier_check_set_aside_does_not_stay(tmp_path: Path) -> None:
    frame = payments()
    frame.loc[7, "amount_fen"] = -1
    checked(tmp_path, frame)
    checked(tmp_path, payments())
    assert not (tmp_path / "bad" / "payments.parquet").exists()


def test_another_width_is_cast_in_a_clean_copy(tmp_path: Path) -> None:
    checked(tmp_path, payments())
    table = pq.read_table(tmp_path / "raw" / "payments.parquet")
    narrow = table.set_column(0, "event_id", table["event_id"].cast(pa.int32()))
    pq.write_table(narrow, tmp_path / "raw" / "payments.parquet")
    found = check_tables(tmp_path / "raw", tmp_path / "bad", tmp_path / "clean", max_bad_share=0.05)
    schema = pq.read_schema(found.files["payments"][0])
    assert schema.field("event_id").type == pa.int64()
    assert found.bad == 0


def test_a_number_too_large_for_its_type_is_a_bad_row(tmp_path: Path) -> None:
    checked(tmp_path, payments())
    write(tmp_path / "raw", "bills", bills())
    wide = pq.read_table(tmp_path / "raw" / "bills.parquet")
    days = pa.array([70_000, 0, 0, 0, 0], pa.int64())
    pq.write_table(
        wide.set_column(wide.column_names.index("days_late"), "days_late", days),
        tmp_path / "raw" / "bills.parquet",
    )
    found = check_tables(tmp_path / "raw", tmp_path / "bad", tmp_path / "clean", max_bad_share=0.5)
    assert read_frame(tmp_path / "bad" / "bills.parquet")["rule"].tolist() == ["days_late.type"]
    assert pq.read_schema(found.files["bills"][0]).field("days_late").type == pa.int16()


def refused(tmp_path: Path, words: str) -> str:
    with pytest.raises(DataError, match=words) as error:
        check_tables(tmp_path / "raw", tmp_path / "bad", tmp_path / "clean", max_bad_share=0.05)
    assert all(part in str(error.value) for part in ("where:", "expected:", "got:", "next:"))
    return str(error.value)


def test_a_renamed_column_is_told_with_the_name_that_is_there(tmp_path: Path) -> None:
    checked(tmp_path, payments())
    table = pq.read_table(tmp_path / "raw" / "payments.parquet")
    names = [name.replace("amount_fen", "amount") for name in table.column_names]
    pq.write_table(table.rename_columns(names), tmp_path / "raw" / "payments.parquet")
    assert "rename `amount` to `amount_fen`" in refused(tmp_path, "Column `amount_fen` is missing")


def test_a_missing_column_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "raw", "applications", applications())
    write(tmp_path / "raw", "payments", payments(), drop="is_offline")
    refused(tmp_path, "Column `is_offline` is missing")


def test_a_wrong_type_is_refused(tmp_path: Path) -> None:
    checked(tmp_path, payments())
    table = pq.read_table(tmp_path / "raw" / "payments.parquet")
    at = table.column_names.index("amount_fen")
    pq.write_table(
        table.set_column(at, "amount_fen", table["amount_fen"].cast(pa.string())),
        tmp_path / "raw" / "payments.parquet",
    )
    assert "string" in refused(tmp_path, "Column `amount_fen` has the wrong type")


def test_an_empty_table_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "raw", "applications", applications())
    write(tmp_path / "raw", "payments", payments().head(0))
    refused(tmp_path, "Table `payments` is empty")


@pytest.mark.parametrize(
    ("content", "what"), [(b"", "Empty file"), (b"not parquet at all", "Not a Parquet file")]
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    write(tmp_path / "raw", "applications", applications())
    (tmp_path / "raw" / "payments.parquet").write_bytes(content)
    refused(tmp_path, what)


def test_applications_must_be_there(tmp_path: Path) -> None:
    write(tmp_path / "raw", "payments", payments())
    refused(tmp_path, "Raw tables are missing")


@pytest.mark.parametrize("name", TABLES)
def test_every_declared_bound_and_list_is_a_rule(name: str) -> None:
    names = {rule.name for rule in rules(TABLES[name], PERIOD)}
    for column in TABLES[name].columns:
        assert (f"{column.name}.null" in names) == (not column.nullable)
        assert (f"{column.name}.below" in names) == (column.low is not None)
        # Money has a bound of its own: above it a float64 is not exact.
        has_bound = column.high is not None or column.unit == "fen"
        assert (f"{column.name}.above" in names) == has_bound
        assert (f"{column.name}.among" in names) == bool(column.among)


def test_the_world_may_run_ahead_of_the_clock() -> None:
    assert not [
        rule for rule in rules(PAYMENTS, Period(PERIOD.first)) if rule.name.endswith(".future")
    ]


def test_an_earlier_loan_is_no_stranger_and_a_later_one_is(tmp_path: Path) -> None:
    """A repeat customer's loan was booked on an application older than those of the table."""
    earlier = START - pd.Timedelta(days=400)
    applied = START + pd.Timedelta(days=60)
    # table: columns of loans
    loans = pd.DataFrame(
        {
            # own application; earlier loan; unknown after the application; unknown borrower
            "application_id": [0, 900, 901, 902],
            "applicant_id": [0, 1, 2, 77],
            "booked_time": [applied, earlier, applied + pd.Timedelta(days=1), earlier],
            "principal_fen": 1_000,
            "daily_rate": 0.0004,
            "tenor_months": 12,
            "is_control": False,
            "booking_propensity": 1.0,
        }
    )
    write(tmp_path / "raw", "loans", loans)
    checked(tmp_path, payments())
    found = read_frame(tmp_path / "bad" / "loans.parquet")
    rules_of = dict(zip(found["application_id"], found["rule"], strict=True))
    assert set(rules_of) == {901, 902}
    assert rules_of[901] == "application_id.unknown"


def test_a_file_from_before_a_late_column_is_read_with_nulls(tmp_path: Path) -> None:
    performance = pd.DataFrame(
        {
            "event_id": [1],
            "applicant_id": [0],
            "event_time": START,
            "known_time": START,
            "application_id": [0],
            "month_on_book": [1],
            "dpd_days": [0],
        }
    )
    write(tmp_path / "raw", "loan_performance", performance, drop="is_restructured")
    found = checked(tmp_path, payments())
    assert found.bad == 0
    assert read_frame(Path(found.files["loan_performance"][0]))["is_restructured"].isna().all()


COMPUTED = [column.name for column in APPLICATIONS.columns if column.is_computed]


def stated(raw: Path, *files: tuple[str, list[str]]) -> list[str]:
    """Columns that are read of applications in files (name, columns left out)."""
    write(raw, "payments", payments())
    write(raw, "whole", applications())
    whole = pq.read_table(raw / "whole.parquet")
    (raw / "whole.parquet").unlink()
    for name, left_out in files:
        write_table(whole.drop_columns(left_out), raw / "applications" / f"{name}.parquet")
    found = check_tables(
        raw, raw.parent / "bad", raw.parent / "clean", max_bad_share=1.0, period=PERIOD
    )
    return pq.read_schema(found.files["applications"][0]).names


def test_what_events_tell_is_no_column_of_nulls_where_no_file_states_it(tmp_path: Path) -> None:
    """A column of nulls would say that the flow of nobody is known, and refuse everyone."""
    found = stated(tmp_path / "raw", ("first", COMPUTED))
    assert COMPUTED and not set(COMPUTED) & set(found)


def test_what_one_file_states_is_null_in_the_others(tmp_path: Path) -> None:
    found = stated(tmp_path / "raw", ("first", COMPUTED), ("later", []))
    assert set(COMPUTED) <= set(found)
