"""The two horizons at the command line, and what `review` refuses."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import ParamsError, changed_text
from creditloom.pipeline.book import book_world
from creditloom.pipeline.commands.model import params
from creditloom.pipeline.commands.portfolio import forward, review
from creditloom.storage.files import store
from tests.book.test_bcard import decisions


def _params(folder: Path, **changes: object) -> Path:
    path = folder / "params.yaml"
    path.write_text(
        changed_text(
            {name.replace("__", "."): value for name, value in changes.items()}, paths.DEFAULTS
        ),
        encoding="utf-8",
    )
    return path


def _given(decided: pd.DataFrame, _split: object) -> pd.DataFrame:
    """The PDs here are given and not learnt, so there is no model that has seen an account."""
    return decided


def test_a_label_of_short_loans_needs_a_policy_of_its_horizon(tmp_path: Path) -> None:
    with pytest.raises(
        ParamsError, match=r"horizon_days is 365 but label.loans is short; expected 45"
    ):
        params.params(_params(tmp_path, label__loans="short"))
    params.params(_params(tmp_path, label__loans="short", policy__horizon_days=45.0))
    with pytest.raises(ParamsError, match="expected 365"):
        params.params(_params(tmp_path, policy__horizon_days=45.0))


@pytest.mark.slow
def test_a_book_runs_forward_and_is_reviewed_from_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _solved_once: None
) -> None:
    """`forward` writes a panel, a standing and a score; `review` agrees with them.

    S1-R27, S2-R25, S3-R14, S4-R27: score and limit are reviewed each month.
    S1-R38: a reminder goes out three days before a payment is due.
    """
    _params(tmp_path, world__applicants=4_000, world__base_rate=0.15)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(forward, "_as_new", _given)
    world, _ = book_world.world_of_params()
    approved = decisions(world).assign(decision="approve", limit_cny=8_000.0, daily_rate=0.0004)
    store.write_table(pa.Table.from_pandas(approved, preserve_index=False), paths.DECISIONS)
    forward.forward(months=5)
    figures = store.read_json(paths.FORWARD / "figures.json")
    assert (
        set(figures["money"]) == {"reviewed", "not_reviewed"}
        and (paths.FORWARD / "book.png").stat().st_size > 10_000
    )
    assert figures["money"]["reviewed"]["accounts"] == pytest.approx(
        1_000, abs=20
    )  # the last six of 24 vintages
    review.review(month_on_book=1)
    first = store.read_frame(paths.BOOK_REVIEW / "changes.parquet")
    told = store.read_frame(paths.FORWARD / "changes.parquet")
    pd.testing.assert_frame_equal(first, told[told["month_on_book"] == 1].reset_index(drop=True))
    review.review(
        standing=paths.BOOK_REVIEW / "standing.parquet", month_on_book=2, output=Path("second")
    )
    second = store.read_frame(Path("second") / "changes.parquet")
    pd.testing.assert_frame_equal(second, told[told["month_on_book"] == 2].reset_index(drop=True))
    assert second["notice_zh"].str.len().min() > 5
    accounts = store.read_frame(Path("second") / "accounts.parquet")
    is_due = (accounts["dpd_days"] == 0) & (accounts["balance_fen"] > 0)
    assert set(accounts.loc[is_due, "remind_days_before"]) == {3}


def test_a_policy_cannot_run_forward_without_decisions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _params(tmp_path, world__applicants=1_000)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(forward.ForwardError, match="dvc repro"):
        forward.forward()
