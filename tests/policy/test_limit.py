"""How much is granted: every cap as the binding one, on both sides of each threshold.

F15, F16, S1-R59, domain 0.11.
"""

from __future__ import annotations

import pytest

from creditloom.decision.rules.limit import CAPS
from tests.policy.officer import decided

RICH = {"card_limits": 2_000_000, "verified_income": 200_000}


# table: words, grade, changes, limit in CNY, cap that binds
SITUATIONS = [
    ("0.30 x 40,000 + 12 x 750 = 21,000, x 1.10 with wealth", "G3", {}, 23_100, "formula"),
    ("the same without wealth", "G3", {"wealth": 0}, 21_000, "formula"),
    ("wealth of just 10,000 counts", "G3", {"wealth": 10_000}, 23_100, "formula"),
    ("one yuan less does not", "G3", {"wealth": 9_999}, 21_000, "formula"),
    ("wealth not known counts as none", "G3", {"wealth": None}, 21_000, "formula"),
    (
        "card limits not known count as none: 9,000 x 1.10",
        "G3",
        {"card_limits": None},
        9_900,
        "formula",
    ),
    (
        "volume not known counts as none: 12,000 x 1.10",
        "G3",
        {"annual_volume": None},
        13_200,
        "formula",
    ),
    (
        "volume credit of G1 is 1,000: (12,000 + 12,000) x 1.10 (S4-R13)",
        "G1",
        {},
        26_400,
        "formula",
    ),
    ("volume credit of G6 is 500: (12,000 + 6,000) x 1.10 = 19,800", "G6", {}, 19_800, "formula"),
    ("product maximum", "G1", RICH, 200_000, "product_max"),
    ("tier maximum of G2", "G2", RICH, 150_000, "tier_max"),
    ("tier maximum of G6", "G6", RICH, 20_000, "tier_max"),
    ("new customer G1", "G1", {"is_repeat": False, **RICH}, 20_000, "new_user"),
    ("new customer G3", "G3", {"is_repeat": False, **RICH}, 10_000, "new_user"),
    ("new customer G6", "G6", {"is_repeat": False, **RICH}, 5_000, "new_user"),
    (
        "repeat or not is unknown: treated as new",
        "G3",
        {"is_repeat": None, **RICH},
        10_000,
        "new_user",
    ),
    (
        "student with a second source",
        "G1",
        {"is_student": True, "has_second_source": True, **RICH},
        1_000,
        "study",
    ),
    ("exposure leaves 5,000 (S2-R03)", "G3", {"exposure": 195_000}, 5_000, "exposure"),
    ("exposure leaves 550: rounded down to 500", "G3", {"exposure": 199_450}, 500, "exposure"),
    (
        "F15 at 0.5: (8,000 x 0.5 - 3,500) x 11.3293 = 5,664",
        "G3",
        {"verified_income": 8_000, "debt_service": 3_500},
        5_600,
        "affordability",
    ),
    (
        "at the median wage the higher share holds: 300 x 11.3293",
        "G3",
        {"verified_income": 5_000, "debt_service": 2_200},
        3_300,
        "affordability",
    ),
    (
        "one yuan under it the lower: (1,999.6 - 1,800) x 11.3293",
        "G3",
        {"verified_income": 4_999, "debt_service": 1_800},
        2_200,
        "affordability",
    ),
    (
        "four hard enquiries leave the limit alone",
        "G3",
        {"hard_enquiries_90d": 4},
        23_100,
        "formula",
    ),
    (
        "five halve it: 11,550 rounded down",
        "G3",
        {"hard_enquiries_90d": 5},
        11_500,
        "hard_enquiries",
    ),
    ("no bureau file: no enquiry known", "G3", {"hard_enquiries_90d": None}, 23_100, "formula"),
    (
        "limit of just 500",
        "G3",
        {"annual_volume": 0, "wealth": 0, "card_limits": 1_667},
        500,
        "formula",
    ),
]


@pytest.mark.parametrize(("situation", "tier", "changes", "limit", "cap"), SITUATIONS)
def test_limit(
    situation: str, tier: str, changes: dict[str, object], limit: float, cap: str
) -> None:
    found = decided(tier, **changes)  # type: ignore[arg-type]
    assert (found.decision, found.limit, found.cap) == ("approve", limit, cap), situation
    assert (f"limit_{cap}" in found.reasons) == (cap not in ("product_max", "tier_max")), (
        "a cut limit says why, and only a cut one"
    )


# table: a case a row
@pytest.mark.parametrize(
    ("situation", "changes", "cap"),
    [
        (
            "the formula gives 499.80",
            {"annual_volume": 0, "wealth": 0, "card_limits": 1_666},
            "formula",
        ),
        ("exposure leaves 499", {"exposure": 199_501}, "exposure"),
        ("more exposure than allowed", {"exposure": 250_000}, "exposure"),
        (
            "debt service takes all of the allowed share",
            {"verified_income": 8_000, "debt_service": 4_000},
            "affordability",
        ),
        (
            "half of 900 is below the minimum",
            {"annual_volume": 12_000, "wealth": 0, "card_limits": 0, "hard_enquiries_90d": 6},
            "hard_enquiries",
        ),
        (
            "nothing supports a limit",
            {"annual_volume": None, "wealth": None, "card_limits": None},
            "formula",
        ),
    ],
)
def test_a_limit_below_500_declines_and_says_why(
    situation: str, changes: dict[str, object], cap: str
) -> None:
    found = decided("G3", **changes)  # type: ignore[arg-type]
    assert (found.decision, found.limit, found.cap, list(found.reasons)) == (
        "decline",
        0,
        cap,
        [f"limit_{cap}"],
    ), situation


def test_an_income_that_is_not_verified_leaves_the_limit_open() -> None:
    found = decided("G3", verified_income=None)
    assert found.decision == "refer"
    assert found.limit != found.limit, "null, not a guess"
    assert found.cap is None


def test_the_enquiry_cut_says_its_numbers() -> None:
    text = decided("G3", hard_enquiries_90d=6).reasons["limit_hard_enquiries"]
    assert text == "hard enquiries in the last 90 days: 6 (more than 4 cut the limit to 50 %)"


def test_affordability_in_chinese() -> None:
    text = decided("G3", verified_income=8_000, debt_service=3_500, language="zh").reasons[
        "limit_affordability"
    ]
    assert text == "核实月收入8,000元、每月债务支出3,500元，可用于还款的余额有限"


def test_every_cap_is_tested_as_the_binding_one() -> None:
    """All caps but the first limit of a tier, which the house does not have.

    That one is in tests/policy/test_situations.py.
    """
    assert {cap for *_, cap in SITUATIONS} == set(CAPS) - {"tier_initial"}
