"""Claims about the raw events: the contract, time, consent and rates (domain 7.4, 7.8)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.features.contract.column import Column
from creditloom.features.contract.tables import Table
from creditloom.storage.folders.raw_folder import table_files
from creditloom.world.calendar import AFTER_DAYS, HISTORY_DAYS
from tests.world.written import SIMULATED, SIMULATED_EVENTS, Written

ALL = pytest.mark.parametrize("table", SIMULATED.values(), ids=list(SIMULATED))
EVENTS = pytest.mark.parametrize("table", SIMULATED_EVENTS, ids=[t.name for t in SIMULATED_EVENTS])


def _plain(field: pa.Field) -> pa.Field:
    text = pa.types.is_dictionary(field.type)
    return pa.field(field.name, pa.string() if text else field.type, nullable=field.nullable)


def written_columns(frame: pd.DataFrame, table: Table) -> list[Column]:
    """Return the columns that are there: an optional one of a switch that is off is not."""
    return [column for column in table.columns if column.name in frame.columns]


@ALL
def test_every_part_has_the_contracts_columns(written: Written, table: Table) -> None:
    for part in table_files(written.raw, table.name):
        stored = [_plain(field) for field in pq.read_schema(part)]
        left_out = set(table.arrow_schema.names) - {field.name for field in stored}
        # A column of a switch that is off is not there.
        assert left_out <= {column.name for column in table.columns if column.optional}
        declared = [field for field in table.arrow_schema if field.name not in left_out]
        assert stored == declared


@ALL
def test_every_row_keeps_the_contracts_ranges(written: Written, table: Table) -> None:
    frame = written.table(table.name)
    assert len(frame) == written.rows[table.name] > 0
    assert not frame.duplicated(list(table.key)).any()
    for column in written_columns(frame, table):
        values = frame[column.name]
        assert column.nullable or values.notna().all()
        known = values.dropna()
        assert not column.among or known.isin(column.among).all()
        assert column.low is None or (known >= column.low).all()
        assert column.high is None or (known <= column.high).all()


@EVENTS
def test_rows_are_sorted_and_known_after_they_happen(written: Written, table: Table) -> None:
    frame = written.table(table.name)
    assert (frame.known_time > frame.event_time).all()
    by = ["applicant_id", "event_time", "event_id"]
    assert frame[by].reset_index(drop=True).equals(frame[by].sort_values(by).reset_index(drop=True))


@EVENTS
def test_events_reach_beyond_the_application_on_both_sides(written: Written, table: Table) -> None:
    frame = written.table(table.name).merge(
        written.table("applications", ["applicant_id", "as_of"]), on="applicant_id"
    )
    days = (frame.as_of - frame.event_time).dt.total_seconds() / 86_400
    assert days.max() > 360
    assert days.min() < (0 if table.name != "identity_checks" else 31)
    assert days.min() >= -AFTER_DAYS - 1
    assert days.max() <= HISTORY_DAYS + 2 or table.name == "contacts"


@EVENTS
def test_a_refused_family_has_no_rows(written: Written, table: Table) -> None:
    consents = written.table("applications").set_index("applicant_id")
    if table.consent:
        assert consents.loc[written.table(table.name).applicant_id.unique(), table.consent].all()
    assert consents.consent_social.mean() < 0.95


def test_without_location_consent_neither_address_nor_region(written: Written) -> None:
    logins = written.table("logins").merge(
        written.table("applications", ["applicant_id", "consent_location"]), on="applicant_id"
    )
    assert (logins.ip_region.isna() == ~logins.consent_location).all()
    assert (logins.ip_id.isna() == ~logins.consent_location).all()
    assert (logins.network.isna() == ~logins.consent_location).all()


def test_nobody_without_a_bureau_file_has_bureau_rows(written: Written) -> None:
    known = written.people.has_bureau
    for name in ("enquiries", "bureau_snapshots", "repayments"):
        assert known[written.table(name).applicant_id.unique()].all()


def test_a_thin_file_leaves_few_payments_and_social_events(written: Written) -> None:
    thin = written.people.is_thin
    for name in ("payments", "interactions", "red_packets"):
        rows = written.table(name).groupby("applicant_id").size().reindex(thin.index, fill_value=0)
        assert rows[thin].mean() < 0.1 * rows[~thin].mean()


def test_about_420_payments_a_year_and_a_tenth_of_them_at_night(written: Written) -> None:
    payments = written.seen("payments")
    thick = (~written.people.is_thin).sum()
    assert 330 < len(payments) / thick < 480
    hours = payments.event_time.dt.hour
    assert ((hours >= 23) | (hours < 5)).mean() == pytest.approx(0.11, abs=0.03)
    assert (payments.category == "gambling_like").mean() == pytest.approx(0.003, abs=0.002)


def test_one_in_seven_sends_much_more_red_packet_money_than_comes_back(written: Written) -> None:
    packets = written.seen("red_packets")
    people = written.people[lambda p: ~p.is_thin]
    amounts = packets.pivot_table(
        index="applicant_id", columns="direction", values="amount_fen", aggfunc="sum", observed=True
    )
    amounts = amounts.reindex(people.index).dropna(how="all").fillna(0)
    gap = (amounts.sent - amounts.received) / (amounts.sent + amounts.received)
    assert (gap > 0.3).mean() == pytest.approx(0.15, abs=0.035)


def test_seven_in_a_hundred_have_more_than_four_enquiries_in_90_days(written: Written) -> None:
    enquiries = written.seen("enquiries")
    recent = enquiries[
        (enquiries.kind == "hard")
        & (enquiries.event_time >= enquiries.as_of - pd.Timedelta(days=90))
    ]
    known = written.people.index[written.people.has_bureau]
    counts = recent.groupby("applicant_id").size().reindex(known, fill_value=0)
    assert (counts > 4).mean() == pytest.approx(0.07, abs=0.025)


def test_a_ring_shares_devices_and_one_address(written: Written) -> None:
    logins = (
        written.table("logins")
        .merge(written.people[["ring"]], on="applicant_id")
        .dropna(subset=["ring", "device_id"])
    )
    for _, group in logins.groupby("ring"):
        assert group.device_id.nunique() <= 4
        assert group.groupby("device_id").applicant_id.nunique().max() >= 2
        assert len(group.ip_id.dropna().unique()) <= 1


def test_red_packets_peak_in_the_spring_festival(written: Written) -> None:
    packets = written.table("red_packets", ["event_time"]).event_time
    festival = packets.between("2025-01-28", "2025-02-03").sum() / 7
    before = packets.between("2024-12-01", "2025-01-01").sum() / 31
    assert festival > 3 * before


def test_pay_comes_on_paydays_and_rent_in_the_first_days(written: Written) -> None:
    payments = written.table("payments")
    assert set(payments[payments.category == "salary"].event_time.dt.day) == {10, 15, 25}
    assert payments[payments.category == "rent"].event_time.dt.day.max() <= 5


@pytest.mark.parametrize(
    "table", [*SIMULATED_EVENTS, SIMULATED["applications"]], ids=lambda t: t.name
)
def test_no_raw_column_hands_a_state_over(written: Written, table: Table) -> None:
    frame = written.table(table.name)
    states = written.people.filter(like="z_").loc[frame.applicant_id].to_numpy()
    for column in written_columns(frame, table):
        if column.name in ("event_id", "applicant_id", "application_id"):
            continue
        values = frame[column.name]
        codes = values if values.dtype.kind in "biufM" else values.astype("category").cat.codes
        numbers = (
            codes.astype("int64" if codes.dtype.kind == "M" else float).astype(float).to_numpy()
        )
        there = np.isfinite(numbers)
        if np.ptp(numbers[there]) > 0:
            correlation = [
                np.corrcoef(numbers[there], states[there, family])[0, 1] for family in range(6)
            ]
            # Domain 0.4: the bureau's score may say more of its state; the incumbent's holds it.
            is_score = column.name in ("bureau_score", "pulled_bureau_score", "incumbent_score")
            assert np.abs(correlation).max() < (0.85 if is_score else 0.5), column.name
