"""What a policy decided and earns, summed: over all, and by segment.

Everything is a sum over applications, so blocks of a batch are added in any number. Profit is the
expected profit of a year that report and comparison show (`ProfitTerms`), of the approved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from creditloom.decision.pricing.profit import FEN_PER_CNY, ProfitTerms
from creditloom.decision.rules.again import DecidedAgain
from creditloom.decision.rules.verdict import APPROVE, OUTCOMES

# The two policies; each has a column of every figure.
BEFORE = "before"
AFTER = "after"
SIDES = (BEFORE, AFTER)
ALL = "all"
# An interval of 90 %, as that of the forecast level: 5 % and 95 % of a normal variable.
INTERVAL = 0.9
Z = 1.6448536269514722
# Columns of a block that are summed, beside one per outcome.
FIGURES = ("limit_cny", "pd", "profit_fen", "low_fen", "high_fen", "variance")


@dataclass(frozen=True)
class LevelShift:
    """How far the bad rate of the months ahead may lie from the PDs, as a shift of log-odds.

    Both are 0 for a bundle that forecasts no level.
    """

    low: float = 0.0
    high: float = 0.0

    @classmethod
    def of(cls, rate: float, low: float, high: float) -> LevelShift:
        """Return the shifts of a forecast: a rate, and the ends of its interval; shares."""
        return cls(_logit(low) - _logit(rate), _logit(high) - _logit(rate))

    def shifted(self, pd: np.ndarray, shift: float) -> np.ndarray:
        """Return PDs with the shift added to their log-odds."""
        if shift == 0.0:
            # As they are, to the bit: the expected profit is that of the PDs.
            return pd
        odds = pd * np.exp(shift)
        return odds / (1.0 - pd + odds)


def _logit(share: float) -> float:
    return float(np.log(share / (1.0 - share)))


@dataclass(frozen=True)
class Accounts:
    """The approved accounts of one policy in a block; arrays over applications, 0 for the others.

    `loss_cny` is what a defaulter costs more than one who pays.
    """

    columns: dict[str, np.ndarray]
    loss_cny: np.ndarray
    risk: np.ndarray

    @classmethod
    def of(cls, decided: DecidedAgain, terms: ProfitTerms | None, level: LevelShift) -> Accounts:
        """Return the accounts that a policy approves; without `terms` nothing is priced."""
        n = len(decided.grade)
        is_lent = decided.verdicts.outcome == APPROVE
        zeros = {name: np.zeros(n) for name in FIGURES}
        counts = {
            name: (decided.verdicts.outcome == k).astype(np.float64)
            for k, name in enumerate(OUTCOMES)
        }
        pd = np.where(is_lent, decided.pd, 0.0)
        columns = {**counts, **zeros, "pd": pd}
        if terms is None:
            return cls(columns, np.zeros(n), pd)
        limit, rate, yearly = (
            np.asarray(decided.columns[name])[is_lent]
            for name in ("limit_cny", "daily_rate", "apr_irr12")
        )
        # A loan of one payment has no IRR over twelve months.
        simple = np.asarray(decided.columns["apr_simple360"])[is_lent]
        apr = np.where(np.isnan(yearly), simple, yearly)
        lent = decided.pd[is_lent]
        exposure = limit * terms.exposure_share(rate)
        shifts = {"profit_fen": 0.0, "low_fen": level.low, "high_fen": level.high}
        for name, shift in shifts.items():
            columns[name][is_lent] = terms.profit_fen(exposure, apr, level.shifted(lent, shift))
        columns["limit_cny"][is_lent] = limit
        loss = np.zeros(n)
        loss[is_lent] = exposure * (apr / 2.0 + terms.lgd)
        risk = np.where(is_lent, np.maximum(decided.pd, terms.pd_floor), 0.0)
        columns["variance"] = risk * (1.0 - risk) * loss**2
        return cls(columns, loss, risk)


def block_columns(before: Accounts, after: Accounts, is_moved: np.ndarray) -> dict[str, np.ndarray]:
    """Return every column that is summed of a block, by its name."""
    # The same person has the same fate under both policies: only the difference is uncertain.
    risk = np.maximum(before.risk, after.risk)
    change = risk * (1.0 - risk) * (after.loss_cny - before.loss_cny) ** 2
    named = {
        f"{name}_{side}": values
        for side, accounts in zip(SIDES, (before, after), strict=True)
        for name, values in accounts.columns.items()
    }
    ones = np.ones(len(is_moved))
    return {"rows": ones, "moved": is_moved.astype(np.float64), **named, "variance_change": change}


@dataclass
class Totals:
    """Sums by segment and label; `names` are the columns."""

    names: tuple[str, ...] = ()
    by_label: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)

    def add(self, columns: Mapping[str, np.ndarray], segments: Mapping[str, Any]) -> None:
        """Add a block: `segments` maps a segment to (labels, code of each row)."""
        self.names = tuple(columns)
        self._add(ALL, [ALL], np.zeros(len(columns["rows"]), np.int64), columns)
        for segment, (labels, code) in segments.items():
            self._add(segment, labels, code, columns)

    def _add(
        self, segment: str, labels: list[str], code: np.ndarray, columns: Mapping[str, np.ndarray]
    ) -> None:
        sums = [np.bincount(code, values, len(labels)) for values in columns.values()]
        for label, row in zip(labels, np.stack(sums, axis=1), strict=True):
            # A label without rows says nothing.
            if row[0]:
                key = (segment, label)
                self.by_label[key] = self.by_label.get(key, 0.0) + row

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per segment and label, in their order: what JSON and page show."""
        # The whole first, then segment by segment; numbers within a label by their value.
        keys = sorted(self.by_label, key=lambda key: (key[0] != ALL, key[0], _natural(key[1])))
        return [self._record(*key) for key in keys]

    def _record(self, segment: str, label: str) -> dict[str, Any]:
        sums = dict(zip(self.names, self.by_label[segment, label].tolist(), strict=True))
        sides = {side: _side(sums, side) for side in SIDES}
        # table: one record
        return {
            "segment": segment,
            "label": label,
            "applications": int(sums["rows"]),
            "moved": int(sums["moved"]),
            **sides,
            "profit_change_cny": _change(sums),
        }


def _natural(label: str) -> list[tuple[int, str]]:
    """Return what puts G2 before G10: texts as they are, numbers by their value."""
    parts = re.split(r"([0-9]+)", label)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _side(sums: Mapping[str, float], side: str) -> dict[str, Any]:
    approved = int(sums[f"approve_{side}"])
    profit = {name: sums[f"{name}_fen_{side}"] / FEN_PER_CNY for name in ("profit", "low", "high")}
    # table: one side
    return {
        **{name: int(sums[f"{name}_{side}"]) for name in OUTCOMES},
        "limit_cny": sums[f"limit_cny_{side}"],
        "mean_pd": sums[f"pd_{side}"] / approved if approved else None,
        "profit_cny": _interval(tuple(profit.values()), sums[f"variance_{side}"]),
    }


def _change(sums: Mapping[str, float]) -> dict[str, float]:
    changes = tuple(
        (sums[f"{name}_fen_{AFTER}"] - sums[f"{name}_fen_{BEFORE}"]) / FEN_PER_CNY
        for name in ("profit", "low", "high")
    )
    return _interval(changes, sums["variance_change"])


def _interval(values: tuple[float, ...], variance: float) -> dict[str, float]:
    """Return a profit with its interval: the ends of the level, and beyond them chance."""
    chance = Z * float(np.sqrt(variance))
    return {"expected": values[0], "low": min(values) - chance, "high": max(values) + chance}
