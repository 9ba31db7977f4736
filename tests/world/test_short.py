"""Claims about loans of 7 and 14 days (domain 0.12).

The same people, one repayment, 30 days past due within 45.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from creditloom.features.feature_params import LabelParams
from creditloom.features.label import labels
from creditloom.storage.folders.raw_folder import table_files
from creditloom.world.events.events import Chunk
from creditloom.world.loans.short import BAD_DPD, short_loans
from creditloom.world.world import World
from tests.world.written import Written

SHORT = LabelParams(loans="short", bad_dpd_days=BAD_DPD, indeterminate_dpd_days=BAD_DPD)


def _files(written: Written) -> dict[str, tuple[Path, ...]]:
    return {
        name: table_files(written.raw, name)
        for name in ("applications", "short_loans", "short_loan_performance")
    }


@pytest.fixture(scope="module")
def everyone(state: World) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of 60,000 people: places of the booked, worst days past due, true PD of twelve months."""
    chunk = Chunk(state, 0, 0, state.people.size)
    tables = short_loans(chunk, np.random.default_rng(7))
    worst = tables["short_loan_performance"]["dpd_days"].to_numpy().reshape(-1, 3).max(axis=1)
    booked = tables["short_loans"]["applicant_id"].to_numpy()
    return booked, worst, state.outcome.pd_true[booked]


def test_the_booked_of_the_old_policy_take_short_loans(
    state: World, everyone: tuple[np.ndarray, ...]
) -> None:
    assert np.array_equal(everyone[0], np.flatnonzero(state.booking.is_booked))


def test_a_bad_is_past_thirty_days_by_day_45_and_nobody_stands_between(
    everyone: tuple[np.ndarray, ...],
) -> None:
    worst = everyone[1]
    assert set(np.unique(worst[worst >= BAD_DPD])) == {45 - 14, 45 - 7}
    assert worst[worst < BAD_DPD].max() < 12


def test_the_hazard_of_one_repayment_is_a_share_of_a_years(
    state: World, everyone: tuple[np.ndarray, ...]
) -> None:
    """0.6 of the year's hazard, at a smaller line and a higher rate than the instalment loan's."""
    _, worst, pd = everyone
    assert (worst >= BAD_DPD).mean() / pd.mean() == pytest.approx(0.6, abs=0.1)


def test_riskier_people_fail_short_loans_too(everyone: tuple[np.ndarray, ...]) -> None:
    _, worst, pd = everyone
    bad = worst >= BAD_DPD
    assert bad[pd > np.quantile(pd, 0.8)].mean() > 4 * bad[pd < np.quantile(pd, 0.4)].mean()


def test_the_label_of_short_loans_is_made_by_the_same_function(written: Written) -> None:
    frame = labels(_files(written), SHORT).to_pandas()
    booked = frame[frame["is_booked"]]
    assert booked["is_complete"].all() and not booked["is_indeterminate"].any()
    assert (booked["label"] == (booked["max_dpd_days"] >= BAD_DPD)).all()
    assert 0.01 < booked["label"].mean() < 0.2
    assert booked.loc[booked["label"] == 1, "default_known_time"].notna().all()


def test_another_window_asks_for_longer_records(written: Written) -> None:
    longer = LabelParams(
        loans="short", performance_days=60, bad_dpd_days=BAD_DPD, indeterminate_dpd_days=BAD_DPD
    )
    frame = labels(_files(written), longer).to_pandas()
    assert not frame.loc[frame["is_booked"] & (frame["label"] != 1), "is_complete"].any()
