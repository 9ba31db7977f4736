"""A review as a whole: which rule goes first, what an account keeps, what its holder reads."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditloom.models.sample.errors import ModelError
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import ParamsError, document
from creditloom.portfolio.book.account_history import COLUMNS, KEYS, history
from creditloom.portfolio.book.review import STATES, ReviewResult, joined_standing, review
from creditloom.portfolio.book.review_reasons import REASONS, sentence
from creditloom.portfolio.book.review_rules import BookError
from tests.book.books import GOOD, RULES, book, scores, standing


def fired(done: ReviewResult) -> set[str]:
    return {code for code, flags in done.fired.items() if flags.any()}


def test_three_months_on_time_and_a_used_line_grow_when_the_band_comes_up() -> None:
    """C21: in month 6 the band of the line and the quarter of the rate both come up."""
    seen = book(month_on_book=6)
    done = review(seen, standing(seen), scores(seen), RULES)
    assert fired(done) == {"ON_TIME", "REPRICED"}
    assert done.standing.limit_fen[0] == 1_250_000 and done.standing.changed_month[0] == 6


def test_evidence_needs_no_band_and_no_use() -> None:
    """S3-R36."""
    seen = book(month_on_book=4, lqt_balance_fen=2_000_000, lct_balance_fen=50_000, balance_fen=0)
    assert fired(review(seen, standing(seen), scores(seen), RULES)) == {"ASSETS"}
    seen = book(month_on_book=4, n_asset_proofs=2, balance_fen=0)
    assert fired(review(seen, standing(seen), scores(seen), RULES)) == {"PROOFS"}


@pytest.mark.parametrize(
    ("dpd", "is_told"), [([7], False), ([8], True), ([38, 7], True), ([38, 8], False)]
)
def test_the_bureau_is_told_once_of_more_than_seven_days(dpd: list[int], is_told: bool) -> None:
    """S1-R40, S2-R36."""
    seen = book(dpd_days=dpd)
    assert ("REPORTED" in fired(review(seen, standing(seen), scores(seen), RULES))) == is_told


# table: a case a row
@pytest.mark.parametrize(
    ("columns", "tier"),
    [({"dpd_days": [3]}, 1), ({"days_late": [0, 9]}, 1), ({"n_payments": [0, 0]}, 1),
     ({"pay_score": [450]}, 1), ({"n_hard_enquiries": [5]}, 1), ({}, 2),
     ({"other_debt_service_fen": 600_000}, 1)],
)  # fmt: skip
def test_nothing_grows_while_something_is_wrong(columns: dict[str, object], tier: int) -> None:
    """Overdue, not cured, inactive, low payment score, enquiries, a tier lower, too much debt."""
    seen = book(month_on_book=6, lqt_balance_fen=2_000_000, lct_balance_fen=50_000, **columns)
    done = review(seen, standing(seen), scores(seen, tier), RULES)
    assert fired(done).isdisjoint({"ASSETS", "PROOFS", "ON_TIME"})
    assert done.standing.limit_fen[0] <= 1_000_000


@pytest.mark.parametrize(("elsewhere", "grows"), [(384_000, True), (385_000, False)])
def test_a_line_does_not_grow_into_too_much_debt(elsewhere: int, grows: bool) -> None:
    """450 + 3,850 + 2,500 / 12 would pass half of 9,000 yuan, although today's service does not.

    S2-R12.
    """
    seen = book(month_on_book=6, other_debt_service_fen=elsewhere)
    done = review(seen, standing(seen), scores(seen), RULES)
    assert ("ON_TIME" in fired(done), "DEBT" in fired(done)) == (grows, False)


def test_the_hardest_cut_goes_first_and_alone() -> None:
    seen = book(month_on_book=6, n_hard_enquiries=[5], other_debt_service_fen=600_000)
    done = review(seen, standing(seen), scores(seen, tier=4), RULES)
    assert "ENQUIRIES" in fired(done) and fired(done).isdisjoint({"TIER_FALL", "DEBT"})
    assert done.standing.limit_fen[0] == 500_000 and done.standing.tier[0] == 4


def test_a_second_cut_waits_for_the_cool_down() -> None:
    seen = book(month_on_book=6, n_hard_enquiries=[5])
    assert "ENQUIRIES" not in fired(
        review(seen, standing(seen, changed_month=4), scores(seen), RULES)
    )
    assert "ENQUIRIES" in fired(review(seen, standing(seen, changed_month=3), scores(seen), RULES))


def test_a_freeze_is_told_once_and_its_end_too() -> None:
    late = book(month_on_book=5, dpd_days=[3])
    first = review(late, standing(late), scores(late), RULES)
    assert fired(first) == {"OVERDUE"} and STATES[first.standing.state[0]] == "frozen"
    assert fired(review(late, first.standing, scores(late), RULES)) == set()
    paid = book(month_on_book=6, days_late=[3])
    assert "REOPENED" in fired(review(paid, first.standing, scores(paid), RULES))


def test_a_temporary_increase_expires() -> None:
    seen = book(month_on_book=4, n_payments=200)
    first = review(seen, standing(seen), scores(seen), RULES)
    assert (
        fired(first) == {"TEMPORARY"}
        and first.standing.granted_fen[0] == 1_200_000
        and first.standing.limit_fen[0] == 1_000_000
    )
    later = book(month_on_book=5, n_payments=200)
    second = review(later, first.standing, scores(later), RULES)
    assert fired(second) == {"EXPIRED"} and second.standing.granted_fen[0] == 1_000_000


def test_a_cut_ends_a_temporary_increase() -> None:
    seen = book(month_on_book=5, n_hard_enquiries=[6])
    done = review(
        seen, standing(seen, temporary_fen=200_000, temporary_until=6), scores(seen), RULES
    )
    assert {"ENQUIRIES", "EXPIRED"} <= fired(done) and done.standing.granted_fen[0] == 500_000


def test_a_step_down_in_price_stands_beside_a_freeze_of_nothing_else() -> None:
    seen = book(month_on_book=9)
    done = review(seen, standing(seen, changed_month=8), scores(seen), RULES)
    assert fired(done) == {"REPRICED"} and done.standing.daily_rate[0] == pytest.approx(0.00035)
    assert done.standing.repriced_month[0] == 9


three_days_past_due = st.lists(st.integers(0, 120), min_size=3, max_size=3)
three_enquiries = st.lists(st.integers(0, 8), min_size=3, max_size=3)
tiers = st.integers(0, 9)
months = st.integers(1, 24)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(three_days_past_due, three_enquiries, tiers, months, st.integers(0, 300))
def test_laws_of_a_review(
    dpd: list[int], enquiries: list[int], tier: int, month: int, payments: int
) -> None:
    """A line never grows by more than a quarter nor past its ceiling, and its price never rises.

    Who is overdue may not draw and gains nothing.
    """
    seen = book(
        month_on_book=month,
        dpd_days=dpd,
        n_hard_enquiries=enquiries,
        n_payments=payments,
        n_asset_proofs=3,
    )
    before = standing(seen)
    after = review(seen, before, scores(seen, tier), RULES).standing
    assert (
        0
        <= after.limit_fen[0]
        <= max(
            before.limit_fen[0], min(before.limit_fen[0] * 1.25, scores(seen, tier).ceiling_fen[0])
        )
    )
    assert after.daily_rate[0] <= before.daily_rate[0] and after.daily_rate[0] >= 0.0002
    if dpd[0]:
        assert after.state[0] == 1 and after.granted_fen[0] <= before.granted_fen[0]


def test_a_standing_follows_its_accounts() -> None:
    """New accounts begin, closed ones leave, known ones keep what the last review left."""
    seen = book(accounts=3)
    known = standing(seen, limit_fen=777_700)
    only = type(known)(**{f.name: getattr(known, f.name)[[2]] for f in fields(known)})
    assert joined_standing(standing(seen), only).limit_fen.tolist() == [
        1_000_000,
        1_000_000,
        777_700,
    ]
    with pytest.raises(BookError, match="not the same"):
        review(seen, only, scores(seen), RULES)


def test_every_adverse_reason_names_what_happened_in_both_languages() -> None:
    numbers: dict[str, float | str] = dict.fromkeys(
        (
            "before",
            "after",
            "rate_before",
            "rate_after",
            "dpd",
            "late",
            "payments",
            "score",
            "enquiries",
            "dti",
        ),
        7.0,
    )
    numbers |= {"weakest_en": "days overdue", "weakest_zh": "逾期天数"}
    for code, reason in REASONS.items():
        english = sentence(code, "en", numbers)
        chinese = sentence(code, "zh", numbers)
        assert english.endswith(".") and chinese.endswith("。") and reason.rule
        assert not reason.is_adverse or any(sign in english for sign in ("7", "days overdue"))


def _panel(rows: list[dict[str, object]]) -> pa.Table:
    return pa.table(pd.DataFrame([{**GOOD, "is_written_off": False, **row} for row in rows]))


def test_a_panel_becomes_months_back() -> None:
    rows = [
        {"application_id": who, "month_on_book": month, "dpd_days": 10 * who + month}
        for who in (2, 1)
        for month in (3, 1, 2)
    ]
    seen = history(_panel(rows), 2)
    assert seen.account.tolist() == [1, 2] and seen.month_on_book.tolist() == [3, 3]
    assert seen.of("dpd_days").tolist() == [
        [13, 12],
        [23, 22],
    ]  # the first month lies further back than asked


def test_a_gap_in_a_panel_is_null() -> None:
    seen = history(_panel([{"application_id": 1, "month_on_book": month} for month in (5, 3)]), 3)
    assert np.isnan(seen.of("dpd_days")[0, 1]) and seen.on_time.tolist() == [[True, False, True]]


def test_a_panel_is_refused_with_what_is_wrong() -> None:
    twice = _panel([{"application_id": 1, "month_on_book": 1}] * 2)
    with pytest.raises(ModelError, match="two rows of one month"):
        history(twice, 3)
    with pytest.raises(BookError, match="pay_score"):
        history(twice.drop_columns(["pay_score"]), 3)
    assert set(KEYS).isdisjoint(COLUMNS)


def test_thresholds_that_do_not_rise_are_refused() -> None:
    ladder = replace(RULES.collections, robot_from=RULES.collections.sms_from)
    with pytest.raises(BookError, match="thresholds must rise"):
        replace(RULES, collections=ladder)


def test_a_misspelt_rule_is_refused(tmp_path: Path) -> None:
    text = (
        (paths.REVIEW_RULES / "house_v1.yaml")
        .read_text(encoding="utf-8")
        .replace("cool_down:", "cooldown:")
    )
    file = tmp_path / "house_v2.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ParamsError, match="cooldown"):
        document(type(RULES), file)
