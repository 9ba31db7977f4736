"""Numbers of the world that a source states, beside the ids of the rules."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from creditloom.models.evaluation.world_claims.claims import Claims, by_id
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.world.config.config_types import FAMILIES
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.people import known_to_bureau

CLAIM = by_id(document(Claims, paths.CLAIMS))


# table: a case a row
@pytest.mark.parametrize(
    ("rules", "profile", "shares"),
    [
        ("S1-R09", "S1-A", {"identity": 30, "bureau": 40, "social_graph": 15, "payment_flow": 15}),
        (
            "S1-R41..R45 C22",
            "S1-B",
            {"bureau": 45, "social_graph": 25, "payment_flow": 20, "device_stability": 10},
        ),
        (
            "S2-R16..R20",
            "S2",
            {
                "social_graph": 25,
                "payment_flow": 35,
                "bureau": 20,
                "assets": 15,
                "device_stability": 5,
            },
        ),
        (
            "S5-R16..R20",
            "S5",
            {
                "payment_flow": 35,
                "social_graph": 25,
                "assets": 20 / 2,
                "bureau": 20 / 2 + 5,
                "device_stability": 15,
            },
        ),
        ("S3-R02..R04", "S3-auth", {"identity": 40, "payment_flow": 25, "device_stability": 15}),
    ],
)
def test_a_profile_is_the_table_of_its_source(
    rules: str, profile: str, shares: dict[str, float], nature: WorldConfig
) -> None:
    """Five tables, five profiles (C18); that of S3 sums to 80 and is normalised."""
    found = dict(zip(FAMILIES, nature.profiles[profile], strict=True))
    assert {family: share for family, share in found.items() if share} == shares
    assert np.allclose(
        nature.shares(profile),
        [shares.get(family, 0) / sum(shares.values()) for family in FAMILIES],
    )
    assert len(nature.profiles) == 5


# table: a case a row
@pytest.mark.parametrize(
    ("rules", "claim", "target"),
    [
        ("S3-R15", "payments_5_a_day", 0.34),
        ("S3-R08", "degree_200", 0.26),
        ("S5-R14", "face_retry", 0.783),
        ("S5-R36 S4-R29 C23", "thin_blue_collar", 0.61),
        ("S5-R02 C14", "pay_score_600", 0.85),
        ("S5-R04 C14", "opens_3", 0.78),
        ("S5-R06", "contributions_uplift", 1.40),
        ("S5-R22", "red_packet_risk", 0.88),
        ("S5-R37 C29", "merchant_uplift", 0.18),
        ("S5-R07", "approval", (0.62 + 0.75) / 2),
        ("S4-R42", "mean_rate", 0.156),
        ("S5-R29", "cash_increase", 0.87),
        ("S5-R43", "two_proofs", 0.92),
        ("S3-R49", "impersonation_stop", 0.987),
        ("S3-R50", "transaction_block", 0.92),
    ],
)
def test_a_claim_aims_at_the_figure_of_its_source(rules: str, claim: str, target: float) -> None:
    """The claim aims at the figure of its source.

    test_claims.py measures whether the world keeps it.
    """
    found = CLAIM[claim]
    assert found.target == pytest.approx(target)
    assert all(rule in found.source for rule in rules.split())


def test_device_changes_cost_eight_to_fifteen_points() -> None:
    """S5-R24: on a scale of 20 points per doubling of the odds."""
    claim = CLAIM["device_changes"]
    assert claim.target is not None
    assert claim.tolerance is not None
    point = 20 / np.log(2)
    assert 8 <= point * claim.target <= 15
    assert (
        point * (claim.target - claim.tolerance) == pytest.approx(8, abs=1)
        and point * (claim.target + claim.tolerance) < 16
    )


def test_bad_loans_stay_under_the_line_of_the_source() -> None:
    """S5-R55: 1.2 %; the claim allows 1.3 at 100,000 applicants (domain 0.6)."""
    assert CLAIM["bad_rate_approved"].at_most == pytest.approx(0.013)


def test_from_the_break_on_the_bureau_knows_more_people(nature: WorldConfig) -> None:
    """S2-R47."""
    n = 40_000
    break_ = nature.presence.bureau_break_vintage
    segment = np.zeros(n, dtype=np.int64)
    before, after = (
        known_to_bureau(nature, segment, np.full(n, vintage), np.random.default_rng(1)).mean()
        for vintage in (break_ - 1, break_)
    )
    assert after - before == pytest.approx(0.08, abs=0.01)


def test_the_least_drawdown_is_100_yuan() -> None:
    """S3-R38."""
    book = yaml.safe_load(paths.BOOK.read_text(encoding="utf-8"))
    assert [
        value
        for block in book.values()
        if isinstance(block, dict)
        for key, value in block.items()
        if key == "minimum_draw_cny"
    ] == [100.0]
