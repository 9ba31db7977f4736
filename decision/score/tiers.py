"""PD bands: the tier that a PD falls into (domain 6)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from ..base.errors import DecisionError
from ..base.strict_json import parse


@dataclass(frozen=True)
class Tier:
    """One band: pd_low <= PD < pd_high; the last band holds PD = 1 too."""

    tier: str
    pd_low: float
    pd_high: float


@dataclass(frozen=True)
class Tiers:
    """Bands from PD 0 to 1 without gap or overlap, best first.

    Raises `DecisionError` for bands that do not cover them once.
    """

    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        lows = [t.pd_low for t in self.tiers]
        highs = [t.pd_high for t in self.tiers]
        # Each band must begin where the one before it ends.
        is_joined = [0.0, *highs] == [*lows, 1.0]
        is_empty = any(high <= low for low, high in zip(lows, highs, strict=True))
        if not self.tiers or not is_joined or is_empty:
            raise DecisionError(
                "the tiers do not cover PD 0 to 1 once",
                where="tiers.json",
                expected="bands that start at 0, meet each other and end at 1",
                got=", ".join(f"{t.tier} {t.pd_low}-{t.pd_high}" for t in self.tiers) or "none",
                next_step="correct the edges in params.yaml (policy.tier_edges)",
            )

    @classmethod
    def from_json(cls, text: str | bytes) -> Tiers:
        """Read `tiers.json`; keys that the runtime does not use are ignored."""
        return parse(cls, json.loads(text), "tiers.json", extra="ignore")

    @classmethod
    def from_edges(cls, edges: tuple[float, ...]) -> Tiers:
        """Return G1, G2, ... from the inner edges, as fractions.

        >>> Tiers.from_edges((0.01, 0.05)).names
        ('G1', 'G2', 'G3')
        """
        bands = pairwise([0.0, *edges, 1.0])
        return cls(tuple(Tier(f"G{k}", low, high) for k, (low, high) in enumerate(bands, start=1)))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names, best first."""
        return tuple(t.tier for t in self.tiers)

    def index(self, pd: np.ndarray) -> np.ndarray:
        """Return the position of each PD's tier, int64, 0 = best.

        >>> Tiers.from_edges((0.01, 0.05)).index(np.array([0.0, 0.01, 0.9])).tolist()
        [0, 1, 2]
        """
        # "right": a PD on an edge belongs to the worse band.
        return np.searchsorted([t.pd_low for t in self.tiers[1:]], pd, side="right")
