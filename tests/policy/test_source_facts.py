"""What the sources say of other lenders, of the origin of data and of the law.

The ids of the rules stand beside.
"""

from __future__ import annotations

import pytest

from creditloom.decision.rulebook.law import Law
from creditloom.decision.rulebook.policy import DataSources
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.portfolio.benchmarks import Benchmarks

OTHERS = {
    other.id: {named.name: named.value for named in other.figures}
    for other in document(Benchmarks, paths.BENCHMARKS).benchmarks
}
SOURCES = {
    source.family: source
    for source in document(DataSources, paths.PRODUCTS / "sources.yaml").sources
}


# table: a case a row
@pytest.mark.parametrize(
    ("rules", "lender", "name", "figure"),
    [
        ("S1-R70", "jiebei", "lowest daily rate", 0.015),
        ("S1-R71 C05", "jintiao", "largest limit in S1", 50_000),
        ("S1-R71", "jintiao", "lowest daily rate", 0.03),
        ("S4-R41 S5-R33", "jiebei", "largest limit", 300_000),
        ("S4-R41 S5-R33 C05", "jintiao", "largest limit", 200_000),
        ("S4-R42 S4-R22", "wechat", "mean yearly rate", 0.156),
        ("S4-R22", "wechat", "yearly rate of a credit card", 0.18),
        ("S4-R42", "jiebei", "mean yearly rate", 0.142),
        ("S4-R42", "jintiao", "mean yearly rate", 0.158),
        ("S4-R43", "wechat", "funders", 12 + 5),
        ("S4-R43", "jiebei", "funders", 8 + 3),
        ("S4-R43", "jintiao", "funders", 6 + 4),
        ("S5-R32 C07", "jiebei", "Zhima score to enter", 600),
        ("S5-R32", "jintiao", "Xiaobai score to enter", 85),
        ("S5-R35", "jiebei", "highest daily rate", 0.06),
        ("S5-R35", "jintiao", "highest daily rate", 0.09),
        ("S5-R36", "jintiao", "coverage of blue-collar workers", 0.73),
        ("S5-R36 C23", "wechat", "coverage of blue-collar workers", 0.61),
        ("S2-R37", "huabei", "use for purchases only", 1),
        ("S2-R07", "huabei", "first limits above those of Fenfu", 1),
    ],
)
def test_a_benchmark_says_what_its_source_says(
    rules: str, lender: str, name: str, figure: float
) -> None:
    found = OTHERS[lender][name]
    assert found.value == figure
    assert any(rule in f"{found.source} {found.note}" for rule in rules.split())


def test_what_a_broken_table_does_not_say_is_not_guessed() -> None:
    """C30: S1 names no limit of Jiebei; the only one is that of S4 and S5."""
    assert "S1" not in OTHERS["jiebei"]["largest limit"].source


# table: a case a row
@pytest.mark.parametrize(
    ("rules", "family", "consent"),
    [
        ("S2-R02 S2-R05 S4-R26", "payment_flow", None),
        ("S1-R02 S2-R27 S4-R39", "social_graph", "consent_social"),
        ("S2-R19 S3-R25", "assets", "consent_assets"),
        ("S1-R11 S1-R15 S4-R02 S4-R25 C27", "bureau", "consent_bureau"),
        ("S5-R19", "device_stability", "consent_location"),
        ("S3-R01 S1-R10", "identity", None),
    ],
)
def test_every_family_has_a_licensed_source_and_its_consent(
    rules: str, family: str, consent: str | None
) -> None:
    source = SOURCES[family]
    assert source.licence and source.consent == consent
    assert all(rule in f"{source.source} {source.note}" for rule in rules.split())


@pytest.mark.parametrize(
    ("rules", "law", "cap"),
    [("S1-R56 S2-R08 S4-R23", "cn_2023", 0.36), ("S1-R75 S4-R38", "cn_2025q4", 0.24)],
)
def test_the_cap_of_a_period(rules: str, law: str, cap: float) -> None:
    """Caps fall with time; each has its dates."""
    found = document(Law, paths.LAW / f"{law}.yaml").price_cap
    assert found is not None and found.value == cap, rules


def test_purposes_and_columns_that_are_banned_from_the_first_day_on() -> None:
    """What is banned from the first day on and what later.

    S1-R73, S2-R33: no securities; S4-R49: no mortgage; S2-R24, S5-R23: no text of chats; S5-R51
    adds other loans later.
    """
    first, later = (document(Law, paths.LAW / f"{name}.yaml") for name in ("cn_2023", "cn_2025q4"))
    assert {"securities", "mortgage_repayment"} <= set(first.banned_purposes)
    assert set(later.banned_purposes) - set(first.banned_purposes) == {"other_loan_repayment"}
    assert {"chat_text", "face_embedding"} <= set(first.banned_columns)
