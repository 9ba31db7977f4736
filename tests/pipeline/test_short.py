"""The chain on loans of 7-14 days (docs/short-loans.md).

Their own label, model, tiers and prices, by five parameters.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from creditloom.models.sample.metrics import auc
from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.storage.files.store import read_frame
from tests.pipeline.conftest import small_run

SHORT = {
    "label.loans": "short",
    "label.bad_dpd_days": 30,
    "label.indeterminate_dpd_days": 30,
    "policy.horizon_days": 45.0,
    "policy.product": "shanyin_S1",
    "policy.tier_edges": [0.003, 0.005, 0.0075, 0.011, 0.016, 0.024, 0.038, 0.065, 0.12],
    "world.applicants": 6000,
    # few enough bads that a loan of 14 days can be priced, enough to calibrate
    "world.base_rate": 0.12,
}


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder: Path = small_run(
        tmp_path_factory.mktemp("short") / "run", stage_runner.TO_DECISIONS, **SHORT
    )
    labels = read_frame(folder / paths.LABELS, ["application_id", "label"])
    return read_frame(folder / paths.DECISIONS).merge(
        labels, on="application_id", validate="one_to_one"
    )


@pytest.mark.slow
def test_the_model_tells_good_short_loans_from_bad_ones(decided: pd.DataFrame) -> None:
    known = decided[decided["label"].notna() & decided["pd"].notna()]
    assert auc(known["label"].to_numpy(), known["pd"].to_numpy()) > 0.6


@pytest.mark.slow
def test_the_product_is_priced_for_its_days_and_refused_after_its_law(
    decided: pd.DataFrame,
) -> None:
    """Before October 2025 tiers differ in price, all of one payment.

    From then on R15 refuses every one (C12).
    """
    in_time = decided["as_of"] < pd.Timestamp("2025-10-01")
    offered = decided[in_time & (decided["decision"] == "approve")]
    assert (
        len(offered)
        and set(offered["tenor_unit"]) == {"days"}
        and offered["tenor"].between(7, 14).all()
    )
    assert (
        len(offered[["tier", "daily_rate"]].drop_duplicates()) == offered["tier"].nunique()
    )  # one tier, one price
    assert set(decided.loc[~in_time, "decision"]) == {"refuse"}
