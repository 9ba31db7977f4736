"""What is owed and when: schedules of principal and interest per account and month from now (domain 4, F5-F9, without the cents).

A drawdown keeps the rate of its day (S5-R30), so each adds its own principal and interest to the months in which they fall due.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.world.params import WorldError

METHODS = ("equal_principal", "equal_instalment", "interest_first")


@dataclass(frozen=True)
class Schedule:
    """Fen due in each month from now, accounts x months; column 0 falls due next."""

    principal_fen: np.ndarray
    interest_fen: np.ndarray

    @property
    def balance_fen(self) -> np.ndarray:
        """Principal not yet due."""
        return self.principal_fen.sum(axis=1)

    def passed(self) -> Schedule:
        """The schedule a month later, the first column gone."""
        return Schedule(_shifted(self.principal_fen), _shifted(self.interest_fen))

    def plus(self, other: Schedule) -> Schedule:
        """Both together."""
        return Schedule(self.principal_fen + other.principal_fen, self.interest_fen + other.interest_fen)


def empty(accounts: int, tenor: int) -> Schedule:
    """Nothing owed."""
    return Schedule(np.zeros((accounts, tenor), np.int64), np.zeros((accounts, tenor), np.int64))


def drawn(amount_fen: np.ndarray, daily_rate: np.ndarray, tenor: int, method: str, days_a_month: float) -> Schedule:
    """The schedule of amounts drawn today, principal repaid to the fen: the last month takes the remainder.

    i = daily_rate x days_a_month; interest_k = i x principal outstanding before month k.
    """
    i = daily_rate[:, None] * days_a_month
    share = _principal_shares(i, tenor, method)
    principal = np.floor(amount_fen[:, None] * share).astype(np.int64)
    principal[:, -1] = amount_fen - principal[:, :-1].sum(axis=1)
    before = amount_fen[:, None] - np.cumsum(principal, axis=1) + principal
    return Schedule(principal, np.rint(i * before).astype(np.int64))


def _principal_shares(i: np.ndarray, tenor: int, method: str) -> np.ndarray:
    """Share of the principal repaid in each month."""
    months = np.arange(tenor)[None, :]
    if method == "equal_principal":
        return np.full((i.size, tenor), 1.0 / tenor)
    if method == "equal_instalment":
        growth = (1.0 + i) ** months
        return growth / growth.sum(axis=1, keepdims=True)
    if method == "interest_first":
        return np.broadcast_to(months == tenor - 1, (i.size, tenor)).astype(float)
    raise WorldError.of("Unknown repayment method", where="Grant.method", expected=" | ".join(METHODS), got=method, next_step="choose one")


def _shifted(due: np.ndarray) -> np.ndarray:
    return np.concatenate([due[:, 1:], np.zeros((len(due), 1), due.dtype)], axis=1)
