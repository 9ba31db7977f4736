"""How much a person can carry or has earned: affordability, S3's formula, the enquiry cut (F15, F16, S1-R59). CNY, one value per person."""

from __future__ import annotations

import numpy as np

Amounts = np.ndarray | float


def affordable(
    income: Amounts, dti: Amounts, debt_service: Amounts, annuity: Amounts
) -> np.ndarray:
    """(income x DTI - debt_service) x annuity, never negative: the principal whose instalment still fits (F15); NaN in, NaN out."""
    return np.maximum(income * dti - debt_service, 0.0) * annuity


def volume_limit(
    cards: Amounts,
    volume: Amounts,
    wealth: Amounts,
    *,
    card_share: float,
    credit: Amounts,
    wealth_from: float,
    factor: float,
) -> np.ndarray:
    """(card_share C + V/10000 k) x factor where W >= wealth_from (F16, S3-R33..R35); raw, before band and rounding.

    `credit` is k, CNY of limit per 10,000 CNY of yearly volume; V/10000 is continuous (readings of T28-T30).
    """
    raw = card_share * cards + volume / 10_000.0 * credit
    return raw * np.where(wealth >= wealth_from, factor, 1.0)


def enquiry_cut(limit: Amounts, enquiries: Amounts, over: float, factor: float) -> np.ndarray:
    """`limit` x factor where there were strictly more hard enquiries than `over` (S1-R59, T31)."""
    return limit * np.where(enquiries > over, factor, 1.0)


# What one account is expected to earn (domain 6 profit, N24).


def expected_profit(
    ead: np.ndarray,
    apr: np.ndarray,
    pd: np.ndarray,
    *,
    lgd: float,
    cost_of_funds: float,
    account_cost: float,
) -> np.ndarray:
    """EAD (APR (1 - PD/2) - CoF) - EAD PD LGD - cost, in CNY a year; acquisition cost 0 (N24)."""
    return ead * (apr * (1.0 - pd / 2.0) - cost_of_funds) - ead * pd * lgd - account_cost
