"""Claims and their figures on small tables: what is counted, one row per loan or person."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from creditloom.models.evaluation.world_claims import (
    customer_figures,
    delinquency_figures,
    event_figures,
    filter_figures,
    risk_figures,
)
from creditloom.models.evaluation.world_claims.claim_sample import (
    ClaimFeatures,
    ClaimFigure,
    ClaimSample,
)
from creditloom.models.evaluation.world_claims.claims import (
    ELSEWHERE,
    LATER,
    MET,
    MISSED,
    NO_FIGURE,
    WITHDRAWN,
    Claim,
    Claims,
    summary,
    table,
)
from creditloom.models.evaluation.world_claims.feature_figures import auc_bureau
from creditloom.models.evaluation.world_claims.loan_path import LoanPath, loan_path, roll_rates
from creditloom.models.evaluation.world_claims.measures import MEASURES, NOT_BUILT, OTHER_RUN
from creditloom.models.evaluation.world_claims.other_runs import run_figures
from creditloom.models.sample.dataset import Dataset
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document

# Ends of the months February 2024 to January 2025, days since 1970-01-01.
MONTH_ENDS = np.arange("2024-03", "2025-03", dtype="datetime64[M]").astype("M8[D]").astype(int) - 1


def path_of(*rows: list[int], restructured: tuple[tuple[int, int], ...] = ()) -> LoanPath:
    """Loans with these days past due; the rest of the twelve months is 0."""
    dpd = np.zeros((len(rows), 12), np.int64)
    for place, row in enumerate(rows):
        dpd[place, : len(row)] = row
    is_restructured = np.zeros(dpd.shape, bool)
    for account, month in restructured:
        is_restructured[account, month] = True
    days = np.tile(MONTH_ENDS, (len(rows), 1))
    return LoanPath(np.arange(len(rows)), dpd, is_restructured, days)


def performance(path: LoanPath) -> pd.DataFrame:
    n = len(path.dpd)
    # table: columns of loan_performance
    return pd.DataFrame(
        {
            "application_id": np.repeat(path.application_id, 12),
            "applicant_id": np.repeat(path.application_id, 12),
            "month_on_book": np.tile(np.arange(1, 13), n),
            "event_time": pd.to_datetime(path.day.ravel(), unit="D"),
            "dpd_days": path.dpd.ravel(),
            "is_restructured": path.is_restructured.ravel(),
        }
    )


def sample_of(path: LoanPath, **people: object) -> ClaimSample:
    numbers = path.application_id
    columns = {"application_id": numbers, "as_of": pd.Timestamp("2024-01-10"), **people}
    loans = pd.DataFrame(
        {
            "application_id": numbers,
            "applicant_id": numbers,
            "principal_fen": 1_200_000,
            "daily_rate": 0.0004,
            "tenor_months": 12,
        }
    )
    return ClaimSample(
        people=pd.DataFrame(columns, index=pd.Index(numbers, name="applicant_id")),
        raw={"loan_performance": performance(path), "loans": loans},
        meta={},
    )


LOST = [19, 50, 80, 111]  # due on the 10th, never paid again


def test_a_path_is_read_back_whatever_the_order_of_its_rows() -> None:
    path = path_of(LOST, [0, 20])
    rows = performance(path).sample(frac=1.0, random_state=1)
    assert np.array_equal(loan_path(rows).dpd, path.dpd)
    assert loan_path(rows[rows["month_on_book"] < 12]).dpd.size == 0


def test_roll_rates_count_months_and_leave_restructured_accounts_out() -> None:
    path = path_of(LOST, [20, 0], [20, 51, 81, 0], restructured=((2, 3), (2, 4)))
    rolls = roll_rates(path)
    assert rolls[1:] == (2 / 3, 1.0, 1 / 2)
    assert rolls[0] == 0.0


def test_defaults_are_late_or_restructured() -> None:
    path = path_of(LOST, [0, 20, 51, 81, 0], [20, 0], restructured=((1, 4),))
    assert path.default_month.tolist() == [4, 5, 0]
    world = sample_of(path)
    assert delinquency_figures.unlikely_to_pay(world) == ClaimFigure(0.5, 2)
    assert delinquency_figures.restructured_share(world) == ClaimFigure(0.5, 2)
    assert delinquency_figures.indeterminate(world) == ClaimFigure(0.0, 3)
    assert delinquency_figures.defaults_by_month_6(world) == ClaimFigure(1.0, 2)


def test_a_leap_of_days_past_due_is_counted() -> None:
    possible = sample_of(path_of(LOST))
    assert delinquency_figures.dpd_steps(possible).value == 0
    assert delinquency_figures.dpd_beyond_time(possible).value == 0
    leap = sample_of(path_of([0, 65]))
    assert delinquency_figures.dpd_steps(leap).value == 1
    assert delinquency_figures.dpd_beyond_time(leap).value == 1


def test_a_cure_within_three_months_breaks_probation() -> None:
    late = [20, 51, 81, 0]
    kept = path_of(late, restructured=((0, 3), (0, 4), (0, 5)))
    assert delinquency_figures.probation(sample_of(kept)) == ClaimFigure(0.0, 1)
    early = path_of(late, restructured=((0, 3),))
    assert delinquency_figures.probation(sample_of(early)) == ClaimFigure(1.0, 1)


def test_arrears_under_100_yuan_are_immaterial() -> None:
    world = sample_of(path_of(LOST))
    assert delinquency_figures.materiality(world) == ClaimFigure(0.0, 1)
    world.raw["loans"]["principal_fen"] = 20_000
    assert delinquency_figures.materiality(world) == ClaimFigure(1.0, 1)


def test_short_and_long_defaults_meet() -> None:
    world = sample_of(path_of(LOST, [0], LOST))
    short = pd.DataFrame(
        {
            "application_id": [0, 0, 1, 2],
            "applicant_id": [0, 0, 1, 2],
            "day_on_book": [30, 45, 45, 60],
            "dpd_days": [16, 31, 38, 46],
        }
    )
    raw = {**world.raw, "short_loan_performance": short}
    both = ClaimSample(world.people, raw, {})
    assert delinquency_figures.short_bad_rate(both) == ClaimFigure(1.0, 2)
    assert delinquency_figures.cross_default(both) == ClaimFigure(0.5, 2)


def test_a_repeat_customer_has_a_record_and_a_new_one_none() -> None:
    path = path_of([0], [0], [0])
    world = sample_of(path, is_repeat=[True, True, False], is_invited=[True, False, False])
    earlier = performance(path_of([0])).assign(application_id=900)
    rows = pd.concat([world.raw["loan_performance"], earlier])
    loans = pd.concat([world.raw["loans"], world.raw["loans"].iloc[:1].assign(application_id=900)])
    known = ClaimSample(world.people, {"loan_performance": rows, "loans": loans}, {})
    assert customer_figures.repeat_record(known) == ClaimFigure(0.5, 2)
    assert customer_figures.new_record(known) == ClaimFigure(0.0, 1)
    assert len(known.booked.dpd) == 3


def test_who_shares_an_address_or_a_phone_is_counted() -> None:
    day = pd.Timestamp("2024-01-01")
    # table: columns of logins
    logins = pd.DataFrame(
        {
            "applicant_id": [0, 1, 2, 3],
            "ip_id": pd.array([7, 7, 7, None], "Int64"),
            "device_id": pd.array([1, 1, 2, 3], "Int64"),
            "event_time": [day, day + pd.Timedelta(days=1), day, day],
        }
    )
    people = pd.DataFrame({"household": [0, 0, 2, 0], "is_fraud": [True, False, False, False]})
    world = ClaimSample(people, {"logins": logins}, {})
    assert event_figures.household(world) == ClaimFigure(0.5, 4)
    assert event_figures.second_hand(world) == ClaimFigure(pytest.approx(1 / 3), 3)
    assert event_figures.carrier_nat(world) == ClaimFigure(0.0, 3)
    crowd = logins.iloc[:1].loc[np.zeros(10, int)].assign(applicant_id=range(10))
    assert event_figures.carrier_nat(ClaimSample(people, {"logins": crowd}, {})).value == 1.0


def test_filters_are_counted_from_what_they_ask_for() -> None:
    everyone = pd.Series([f"FR{number:02d} x" for number in range(1, 13)])
    actions = pd.concat([everyone, pd.Series(["FR10 a; FR02 b", None])], ignore_index=True)
    is_fraud = np.zeros(14, bool)
    is_fraud[[9, 0]] = True
    decisions = pd.DataFrame({"actions": actions, "is_fraud": is_fraud})
    world = ClaimSample(pd.DataFrame(), {}, {}, decisions=decisions)
    assert filter_figures.filters_fire(world) == ClaimFigure(1 / 14, 14)
    assert filter_figures.fr10_precision(world) == ClaimFigure(0.5, 2)
    assert filter_figures.filters_honest(world) == ClaimFigure(0.0, 14)
    assert filter_figures.filters_precise(world) == ClaimFigure(0.0, 14)
    assert filter_figures.filters_fire(ClaimSample(pd.DataFrame(), {}, {})) is None


def test_the_best_feature_is_chosen_on_other_rows() -> None:
    rng = np.random.default_rng(1)
    n = 4_000
    bad = rng.random(n) < 0.2
    even = np.arange(n) % 2 == 0
    # One feature that only luck makes good on the even rows, one that is good everywhere.
    lucky = np.where(even, bad, rng.random(n))
    true = rng.standard_normal(n) - bad
    nothing = np.zeros(n)
    rows = Dataset(
        application_id=np.arange(n),
        features=np.column_stack([true, lucky]),
        names=("true", "lucky"),
        label=nothing,
        outcome=nothing,
        weight=nothing,
        month=np.zeros(n, np.int64),
        role=np.full(n, "train"),
    )

    def found(family_of: dict[str, str]) -> ClaimFigure | None:
        features = ClaimFeatures(rows, pd.Series(bad), family_of)
        return auc_bureau(ClaimSample(pd.DataFrame(), {}, {}, features=features))

    own = found({"true": "bureau", "lucky": "assets"})
    assert own is not None and own.value == pytest.approx(0.76, abs=0.03)
    luck = found({"true": "bureau", "lucky": "bureau"})
    # Luck of the even rows is worth nothing on the odd ones; these choose the true feature.
    assert luck is not None and luck.value == pytest.approx((0.5 + 0.76) / 2, abs=0.03)
    assert found({"true": "assets", "lucky": "assets"}) is None


def test_a_hazard_that_follows_the_month_correlates_with_the_path() -> None:
    rng = np.random.default_rng(2)
    n = 60_000
    path = np.sin(np.arange(40) / 3.0)
    vintage = rng.integers(0, 24, n)
    default_month = np.zeros(n)
    for month in range(1, 10):
        chance = 0.02 * np.exp(0.6 * path[vintage + month])
        begins = (default_month == 0) & (rng.random(n) < chance)
        default_month[begins] = month + 3
    people = pd.DataFrame({"vintage": vintage, "default_month": default_month})
    people["default_month"] = people["default_month"].replace(0.0, np.nan)
    meta = {"economy": path.tolist(), "economy_first_month": 0}
    assert run_figures.macro_period(people, meta).value > 0.9
    late = {"economy": np.roll(path, 6).tolist(), "economy_first_month": 0}
    assert run_figures.macro_period(people, late).value < 0.8
    assert run_figures.macro_off(meta).value == pytest.approx(1.0, abs=0.01)


def test_inflows_fall_when_the_economy_is_bad() -> None:
    path = np.linspace(-1.0, 1.0, 12)
    month = np.repeat(np.arange(12), 300)
    inflow = (100_000 * np.exp(-0.1 * path[month])).astype(np.int64)
    time = (np.datetime64("2024-01") + month).astype("datetime64[ns]")
    rows = pd.DataFrame({"inflow_fen": inflow, "event_time": time})
    meta = {"economy": path.tolist(), "economy_first_month": 0}
    assert run_figures.macro_income(rows, "2024-01", meta).value > 0.99


def test_a_recession_is_judged_in_its_worst_vintages() -> None:
    off = pd.DataFrame({"vintage": np.repeat(np.arange(24), 10), "pd_true": 0.02})
    hit = off.assign(pd_true=np.where(off["vintage"] < 12, 0.032, 0.02))
    assert run_figures.recession(off, hit) == ClaimFigure(pytest.approx(1.6), 120)


def test_two_mechanisms_of_arrears_differ_in_their_roll_rates() -> None:
    one = path_of([0, *LOST], [20, 0])
    other = path_of([0, *LOST], [0, 20, 51, 0], [20, 0])
    assert run_figures.same_rules_in_the_book(one, one).value == 0.0
    assert run_figures.same_rules_in_the_book(one, other).value > 0.25


def test_pass_rates_are_those_of_the_products_own_decisions() -> None:
    world = sample_of(
        path_of(*[[0]] * 4),
        segment=["micro_merchant", "micro_merchant", "white_collar", "white_collar"],
        present_assets=True,
    )
    decisions = pd.Series(["approve", "approve", "approve", "decline"], index=[0, 1, 2, 3])
    assert risk_figures.merchant_uplift(world, decisions) == ClaimFigure(0.5, 2)
    assert risk_figures.approval(decisions) == ClaimFigure(0.75, 4)
    funds = pd.DataFrame({"kind": "housing_fund", "applicant_id": np.repeat([0, 1], 11)})
    assert risk_figures.contributions_uplift(world, decisions, funds).value == 2.0


def test_the_figures_of_a_product_count_its_approvals_and_what_was_known_by_then() -> None:
    """S5-R06, S5-R07, S5-R36, S5-R37."""
    day = pd.Timestamp("2025-07-01")
    world = sample_of(
        path_of(*[[0]] * 4),
        segment=["micro_merchant", "blue_collar", "white_collar", "blue_collar"],
        present_assets=True,
        as_of=day,
    )
    decisions = pd.Series(["approve", "approve", "refer", "refuse"], index=[0, 1, 2, 3])
    funds = pd.DataFrame({"kind": "housing_fund", "applicant_id": np.repeat([0, 2], 11)})
    # What person 2 paid is known a day too late.
    funds["known_time"] = day - pd.Timedelta(days=1) * np.where(funds["applicant_id"] == 0, 1, -1)
    found = risk_figures.of_decisions(world, decisions, funds)
    assert {name: figure.value for name, figure in found.items()} == {
        "approval": 0.5,
        "merchant_uplift": 1.0,
        "blue_collar_served": 0.5,
        "contributions_uplift": 3.0,
    }


# --- the table of claims ---


def test_every_claim_is_measured_here_elsewhere_later_or_withdrawn() -> None:
    claims = document(Claims, paths.CLAIMS).claims
    stated = sorted(claim.id for claim in claims if not claim.withdrawn)
    assert stated == sorted([*MEASURES, *OTHER_RUN, *NOT_BUILT])


def test_a_claim_is_met_missed_or_withdrawn_and_nothing_excuses_a_miss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("creditloom.models.evaluation.world_claims.claims.NOT_BUILT", {"later"})
    world = sample_of(path_of(LOST, [0]), is_repeat=[True, False])
    # table: a claim of each kind
    claims = tuple(
        Claim(name, "risk", "choice", "a share", **bound)
        for name, bound in (
            ("repeat_share", {"target": 0.3, "tolerance": 0.1}),
            ("dpd_steps", {"at_most": 0.0}),
            ("mean_rate", {"at_least": 0.1, "withdrawn": "a price"}),
            ("recession", {"at_least": 0.1}),
            ("later", {"at_least": 0.1}),
            ("bad_rate_approved", {"at_most": 0.1}),
        )
    )
    rows = table(Claims(1, (), claims), world)
    verdicts = rows["verdict"].tolist()
    assert verdicts == [MISSED, MET, WITHDRAWN, ELSEWHERE, LATER, NO_FIGURE]
    assert rows["found"].isna().tolist() == [False, False, True, True, True, True]
    block = summary(rows)
    assert (block[MET], block[MISSED], block[WITHDRAWN]) == (1, 1, 1)
    assert block["repeat_share"]["found"] == 0.5
    assert block["recession"]["found"] is None


@pytest.mark.parametrize(
    "bound", [{}, {"target": 0.3}, {"at_least": 0.1, "at_most": 0.2}, {"tolerance": 0.1}]
)
def test_a_claim_has_one_kind_of_bound(bound: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="give one of the three"):
        Claim("a", "risk", "choice", "a share", **bound)


def test_a_figure_at_the_edge_meets_its_claim() -> None:
    edge = Claim("a", "risk", "choice", "a share", target=0.85, tolerance=0.15)
    assert edge.holds(1.0)
    assert not edge.holds(1.001)


def test_a_figure_that_is_no_number_meets_no_claim() -> None:
    nan = float("nan")
    for bound in ({"target": 0.3, "tolerance": 0.1}, {"at_least": 0.1}, {"at_most": 0.1}):
        assert not Claim("a", "risk", "choice", "a share", **bound).holds(nan)
