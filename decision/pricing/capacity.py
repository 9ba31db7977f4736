"""How much a person can carry: affordability and volume formula.

Formulas F15 and F16, and the enquiry cut of S1-R59. Amounts in CNY, one value per person. What an
account earns stands in `profit`.
"""

from __future__ import annotations

import numpy as np

Amounts = np.ndarray | float


def affordable(
    income: Amounts, dti: Amounts, debt_service: Amounts, annuity: Amounts
) -> np.ndarray:
    """Return (income x DTI - debt_service) x annuity: the principal whose instalment fits (F15).

    `income` and `debt_service` are CNY a month, `dti` a share. Never negative; NaN in, NaN out.

    >>> float(affordable(10_000.0, 0.5, 2_000.0, 11.0))
    33000.0
    """
    # Who already pays more than the share carries nothing more, not a negative amount.
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
    """Return (card_share C + V/10000 k) x factor where W >= wealth_from (F16, S3-R33..R35).

    `credit` is k, CNY of limit per 10,000 CNY of yearly volume; V/10000 is continuous (readings of
    T28-T30). The result is raw: before the tier's band and before rounding.

    >>> float(volume_limit(10_000.0, 50_000.0, 0.0, card_share=0.3, credit=500.0,
    ...                    wealth_from=10_000.0, factor=1.1))
    5500.0
    """
    raw = card_share * cards + volume / 10_000.0 * credit
    return raw * np.where(wealth >= wealth_from, factor, 1.0)


def enquiry_cut(limit: Amounts, enquiries: Amounts, over: float, factor: float) -> np.ndarray:
    """Return `limit` x factor where there are strictly more hard enquiries than `over`.

    S1-R59, T31.
    """
    return limit * np.where(enquiries > over, factor, 1.0)
