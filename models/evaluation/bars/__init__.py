"""The statistical bars: the interval in which a figure of metrics.json must lie (bars.yaml).

`evaluate` and `report` compare one run with the bars. `creditloom evidence` compares runs of
several seeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

# Edges of a bar that is open on one side.
NO_LOW = float("-inf")
NO_HIGH = float("inf")
# Decimals of a bar that is moved with the base rate.
HIGH_DECIMALS = 4


def _odds(pd: float) -> float:
    return pd / (1 - pd)


@dataclass(frozen=True)
class Bar:
    """A figure and the closed interval in which it must lie.

    id: its name in tests. name, chinese: its words. reason: why it is asked.
    figure: its path in metrics.json. ridge: the path of the challenger's figure, "" for none.
    kind: how the figure is formatted: a share or rate in per cent, a p-value, a count, a number or
    an error.
    sample: on whom the figure is measured. bad_model: the model that the bar rejects.
    source: where the bar comes from.
    needs_truth: the figure exists in a simulated world only.
    stated_rate: base rate of the world for which `high` is stated; 0 = for every one. See `at`.
    """

    id: str
    name: str
    chinese: str
    reason: str
    figure: str
    kind: Literal["share", "rate", "p", "count", "number", "error"]
    sample: str
    bad_model: str
    source: str
    low: float = NO_LOW
    high: float = NO_HIGH
    ridge: str = ""
    needs_truth: bool = True
    stated_rate: float = 0.0

    def at(self, metrics: Mapping[str, Any]) -> Bar:
        """Return the bar in the world of a run: `high` keeps its odds beside the base rate.

        It moves with the world and not with the cut: who approves more is not asked less.
        """
        rate = figure(metrics, "final.base_rate")
        if not self.stated_rate or rate is None or rate == self.stated_rate:
            return self
        odds = _odds(self.high) * _odds(rate) / _odds(self.stated_rate)
        return replace(self, high=round(odds / (1 + odds), HIGH_DECIMALS), stated_rate=rate)

    @property
    def aim(self) -> str:
        """Return the bar in words that a table can hold."""
        if self.low == NO_LOW:
            return f"<= {self.high:g}"
        return f">= {self.low:g}" if self.high == NO_HIGH else f"{self.low:g}-{self.high:g}"

    def judge(self, metrics: Mapping[str, Any]) -> bool | None:
        """Return whether the figure meets the bar; an absent figure does not.

        None where the bar needs a truth and the run says that it has none.
        """
        value = figure(metrics, self.figure)
        if value is None:
            is_asked = not self.needs_truth or metrics.get("has_truth") is not False
            return False if is_asked else None
        return self.low <= value <= self.at(metrics).high

    def shown(self, metrics: Mapping[str, Any], path: str) -> str:
        """Return the figure at `path` as a table shows it: a dash where there is none."""
        value = figure(metrics, path)
        return "-" if value is None else f"{value:.4f}"


@dataclass(frozen=True)
class Bars:
    """The whole of bars.yaml. seeds: those on which the bars are judged together."""

    seeds: tuple[int, ...]
    bars: tuple[Bar, ...]


# A share may miss its target by so many standard deviations of repeated draws: with six families a
# right model then misses one in 25 runs.
SPREAD_SDS = 2.58


@dataclass(frozen=True)
class FamilySpread:
    """The whole of family_spread.yaml: how shares move between trainings on drawn loans.

    bads: of the training loans there. draws, seeds: of the measurement. sd: by family, of 1.
    """

    bads: int
    draws: int
    seeds: tuple[int, ...]
    sd: Mapping[str, float]

    def tolerance(self, family: str, training_bads: float) -> float:
        """Return how far the share of a family may miss its target, as a share of 1.

        The spread falls with the root of the bads. A family that was not measured has that of the
        widest one.
        """
        sd = self.sd.get(family, max(self.sd.values()))
        # At least one bad, so that the root is not infinite.
        return float(SPREAD_SDS * sd * (self.bads / max(training_bads, 1.0)) ** 0.5)


def figure(metrics: Mapping[str, Any], path: str) -> float | None:
    """Return the figure at a dotted path; None where it is absent, null or NaN.

    An item of a list is named by its `id`.

    >>> figure({"duels": [{"id": "ridge_door", "auc": 0.7}]}, "duels.ridge_door.auc")
    0.7
    >>> figure({"rows": {"oot": 5}}, "rows.oot")
    5.0
    >>> figure({"rows": {"oot": None}}, "rows.oot") is None
    True
    """
    value: Any = metrics
    for key in path.split(".") if path else ():
        value = _inner(value, key)
    # NaN is a figure that could not be computed.
    return float(value) if isinstance(value, int | float) and value == value else None


def _inner(value: Any, key: str) -> Any:
    """Return what lies at `key` in a mapping, or the item with this id in a list; else None."""
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, list):
        return next((item for item in value if item.get("id") == key), None)
    return None
