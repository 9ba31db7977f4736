"""What is missing of whom: thin files and people the bureau does not know (domain 7.8)."""

from __future__ import annotations

import numpy as np

from data.world.nature import Nature
from data.world.traits import DIG, DISC, sigmoid


def thin_files(nature: Nature, segment: np.ndarray, traits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Thin file: logit = a_segment - 0.8 dig - 0.25 disc, the level being such that the segment's share is met on average."""
    presence = nature.presence
    slope = presence.thin_dig * traits[:, DIG] + presence.thin_disc * traits[:, DISC]
    share = np.array([s.thin_share for s in nature.segments])
    spread = np.hypot(presence.thin_dig, presence.thin_disc)
    level = np.log(share / (1.0 - share)) * np.sqrt(
        1.0 + np.pi * spread**2 / 8.0
    )  # E sigmoid(a + N(0, s)) = sigmoid(a / sqrt(1 + pi s2 / 8))
    return rng.random(segment.size) < sigmoid(level[segment] + slope)


def known_to_bureau(nature: Nature, segment: np.ndarray, vintage: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Whether the bureau knows the person; coverage jumps at the break (domain 0.1)."""
    missing = np.array([s.bureau_missing_share for s in nature.segments])[segment]
    early = vintage < nature.presence.bureau_break_vintage
    return rng.random(segment.size) >= missing + np.where(early, nature.presence.bureau_missing_before_break * (1 - missing), 0.0)
