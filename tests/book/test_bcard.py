"""The behaviour score.

What it reads, that it knows more than the application score did, and that it is text.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from creditloom.models.sample.split import CALIBRATION, OOT, TRAIN, SplitParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.commands.portfolio import behaviour
from creditloom.portfolio.book.bcard import BCard, ReviewedAccounts, ReviewParams, fit, outcome
from creditloom.portfolio.book.behaviour import BOOKED, DIRECTIONS, NAMES, SIGNALS, columns
from creditloom.portfolio.book.review_rules import BookError
from creditloom.world.book.book_config import BookConfig
from creditloom.world.book.run import loans_as_booked, run_forward
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.loans.lending import FIRST_APPLICATION
from creditloom.world.merge_communities import everyone
from creditloom.world.risk.default import oracle_pd
from creditloom.world.world import Setting, World
from tests.book.books import book
from tests.solved import solved

# One world is made for all of them, which takes tens of seconds.
pytestmark = pytest.mark.slow

# SD of the application score's noise on the log-odds: its AUC among the booked is then about .7,
# as that of a trained score
NOISE = 0.5


def _section(name: str, kind: type) -> object:
    return section(name, kind, paths.DEFAULTS)


def _world(seed: int, applicants: int, base_rate: float) -> World:
    params = replace(_section("world", WorldParams), applicants=applicants, base_rate=base_rate)
    setting = Setting.of(
        params, document(WorldConfig, paths.WORLD), _section("calendar", Calendar), seed
    )
    return everyone(setting, solved(setting))


def decisions(world: World) -> pd.DataFrame:
    """What `decide` leaves of everyone: a date and a PD, here the oracle's with noise."""
    noise = NOISE * np.random.default_rng(3).standard_normal(world.people.size)
    odds = world.outcome.log_odds_systematic + noise
    ids = FIRST_APPLICATION + np.arange(world.people.size)
    as_of = world.people.as_of.view("datetime64[us]")
    return pd.DataFrame(
        {"application_id": ids, "as_of": as_of, "pd": oracle_pd(world.setting.nature, odds)}
    )


def _trained(
    seed: int, applicants: int, base_rate: float
) -> tuple[BCard, dict[int, ReviewedAccounts]]:
    params = _section("review", ReviewParams)
    split = _section("split", SplitParams)
    world = _world(seed, applicants, base_rate)
    lines = replace(loans_as_booked(world), is_revolving=True)
    past = run_forward(
        world,
        document(BookConfig, paths.BOOK),
        lines,
        max(params.review_months) + params.horizon_months,
        seed=1,
    )
    parts = {
        at: behaviour.reviews(past.months, decisions(world), at, split, params)
        for at in params.review_months
    }
    return fit(behaviour.joined_reviews(list(parts.values())), params), parts


@pytest.fixture(scope="module")
def trained() -> tuple[BCard, dict[int, ReviewedAccounts]]:
    return _trained(seed=1, applicants=12_000, base_rate=0.1)


def _margin_over_booking(card: BCard, parts: dict[int, ReviewedAccounts]) -> dict[str, float]:
    """Return the mean gain in AUC over the out-of-time review months.

    One figure for all accounts and one for those not overdue.
    """
    rows = pd.DataFrame(behaviour.comparison(card, parts))
    return (rows["auc_behaviour"] - rows["auc_booking"]).groupby(rows["accounts"]).mean().to_dict()


def test_the_behaviour_score_knows_more_than_the_application_score(
    trained: tuple[BCard, dict[int, ReviewedAccounts]],
) -> None:
    gain = _margin_over_booking(*trained)
    assert gain["all"] > 0.05 and gain["clean"] > 0.0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_it_does_so_in_every_world(seed: int) -> None:
    """The gain on accounts not overdue is .000 to .004 on average.

    Its SD from world to world is .006 (14 seeds).
    """
    gain = _margin_over_booking(*_trained(seed, applicants=60_000, base_rate=0.0235))
    assert gain["all"] > 0.05 and gain["clean"] > -0.015


def test_its_pd_is_that_of_the_next_twelve_months(
    trained: tuple[BCard, dict[int, ReviewedAccounts]],
) -> None:
    card, parts = trained
    rows = behaviour.joined_reviews(list(parts.values()))
    own = rows.where(rows.role == OOT)
    assert card.pd(own.columns).mean() == pytest.approx(own.is_bad.mean(), rel=0.3)
    assert {TRAIN, CALIBRATION, OOT} <= set(rows.role)


def test_signs_are_kept(trained: tuple[BCard, dict[int, ReviewedAccounts]]) -> None:
    """More of a risky column never lowers the PD, one column at a time."""
    card, parts = trained
    rows = parts[6].columns[:300]
    base = card.margin(rows)
    for at, direction in enumerate(DIRECTIONS):
        worse = rows.copy()
        worse[:, at] = worse[:, at] + direction * (np.nanstd(parts[6].columns[:, at]) + 1e-3)
        assert (card.margin(worse) >= base - 1e-9).all(), NAMES[at]


def test_it_is_read_as_written_and_refused_with_other_columns(
    trained: tuple[BCard, dict[int, ReviewedAccounts]],
) -> None:
    card, parts = trained
    again = BCard.from_json(card.to_json(), card.model_text)
    assert np.array_equal(again.pd(parts[6].columns), card.pd(parts[6].columns))
    with pytest.raises(BookError, match="Train it anew"):
        BCard.from_json({**card.to_json(), "names": ["a"]}, card.model_text)


def test_the_weakest_behaviour_of_someone_overdue_is_named(
    trained: tuple[BCard, dict[int, ReviewedAccounts]],
) -> None:
    late = columns(
        book(month_on_book=8, dpd_days=[70, 40, 10], days_late=[np.nan, np.nan, np.nan]),
        np.array([0.01]),
    )
    english, chinese = trained[0].weakest(late)[0]
    assert english in {signal.en for signal in SIGNALS} and chinese in {
        signal.zh for signal in SIGNALS
    }
    assert "overdue" in english or "delay" in english or "late" in english


def test_signals_of_a_quiet_account() -> None:
    row = dict(zip(NAMES, columns(book(), np.array([0.01]))[0], strict=True))
    assert row[BOOKED] == pytest.approx(np.log(0.01 / 0.99))
    assert (
        row["utilisation_share_3m"] == 0.5
        and row["late_months_6m"] == 0
        and row["inflow_change_3m"] == pytest.approx(0.0)
    )
    assert row["debt_to_income_share_3m"] == pytest.approx((45_000 + 100_000) / 900_000)
    assert row["enquiries_sum_12m"] == 0 and row["dpd_days_max_6m"] == 0


def test_a_fall_of_the_inflow_is_seen() -> None:
    seen = book(inflow_fen=[450_000, 450_000, 450_000, 900_000, 900_000, 900_000])
    row = dict(zip(NAMES, columns(seen, np.array([0.01]))[0], strict=True))
    assert row["inflow_change_3m"] == pytest.approx(-0.5)


def test_the_outcome_is_ever_ninety_days_after_the_review() -> None:
    later = pa.table({"application_id": [1, 1, 2, 3], "dpd_days": [10, 90, 89, 0]})
    assert outcome(later, np.array([1, 2, 3]), 90).tolist() == [True, False, False]
