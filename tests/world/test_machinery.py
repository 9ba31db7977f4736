"""Claim: a model's family shares are those that the world was made with (domain 0.5, 7.6).

With everything seen alike.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from creditloom.pipeline.proof.share_recovery import BAR, measure
from creditloom.world.config.world_config import WorldConfig

PROFILES = ("S1-A", "S1-B", "S2", "S3-auth", "S5")


# A model of 20,000 people; the steps of it have quick tests of their own.
@pytest.mark.slow
def test_shares_come_out_as_they_were_made(nature: WorldConfig) -> None:
    """Some 1,800 training bads: domain 7.6 gives so few 200 / sqrt(bads) points."""
    quick = replace(nature, effects=replace(nature.effects, probe_applicants=20_000))
    found = measure("S2", quick, 20_000, 1, 1, base_rate=0.15)
    assert found["largest_error"] <= 1.5 * BAR
    assert 0.70 < found["auc"] < 0.80


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_within_three_points(profile: str, nature: WorldConfig) -> None:
    """Domain 0.5, seed 1; other seeds and bent worlds: `creditloom machinery`."""
    assert measure(profile, nature, 400_000, 1, 2)["largest_error"] <= BAR
