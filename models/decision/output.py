"""The decisions table: which columns, of which type, null when.

One row per application, in the order of the input:
decision_id (32 hex digits of sha256 over application, as_of, bundle and policy), application_id, product, law_profile (null when no
profile is in force), as_of, pd, score_raw, score, grade (PD band), tier (of the product), decision (approve | refer | decline | refuse),
limit_cny (0 when declined or refused; null without a product or where an input is missing), limiting_cap, and the offer: tenor (in
tenor_unit, months or days), method, daily_rate, apr_simple360, apr_simple365, apr_irr12, eff_annual, penalty_rate (fractions; penalty a
day), overdue (its cost in words), charges (text, `none` when there are none).
The offer is null unless the decision is approve or refer; pd to tier are null for an application that may not be processed at all (R4),
tier also where the product has none for it. reasons: {concept, points, text} per reason; refusal_codes: texts; actions: what the risk
filters do to the account, null for nothing; not_assessed: codes of criteria and filters whose facts are not known, null for none.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa

from .case import Case
from .frame import Frame
from .limit import CAPS
from .offer import Offers
from .product import Product
from .text import picked
from .verdict import DECLINE, REFER, Verdicts

_WHEN = {
    "upfront": "upfront", "per_period": "per period", "at_end": "at the end", "early_settlement": "left, when settled early",
    "extension": "when extended",
}  # fmt: skip
HEX = np.array([f"{byte:02x}" for byte in range(256)], dtype="S2")
RATES = ("daily_rate", "apr_simple360", "apr_simple365", "apr_irr12", "eff_annual", "penalty_rate")


def text(word: str | None, n_rows: int) -> pa.Array:
    """A text column that says the same in every row."""
    return pa.repeat(pa.scalar(word, pa.string()), n_rows)


def decision_ids(rows: Frame, version: str, policy_version: str, chosen: str = "") -> pa.Array:
    """First 32 hex digits of sha256(application_id|as_of|bundle|policy[|chosen]): the same application decided alike has one id.

    `chosen` names product and law where they are not the bundle's default.
    """
    tail = f"|{version}|{policy_version}" + (f"|{chosen}" if chosen else "")
    moments = np.datetime_as_string(rows.as_of, unit="us").tolist()
    pairs = zip(rows.application_id.tolist(), moments, strict=True)
    digests = b"".join([hashlib.sha256(f"{i}|{moment}{tail}".encode()).digest() for i, moment in pairs])
    half = np.frombuffer(digests, np.uint8).reshape(-1, 2, 16)[:, 0]
    digits = HEX[half.ravel()].tobytes()
    ends = np.arange(len(half) + 1, dtype=np.int32) * 32
    return pa.StringArray.from_buffers(len(half), pa.py_buffer(ends), pa.py_buffer(digits))


def law_names(case: Case | None, n_rows: int) -> pa.Array:
    """Id of the law profile in force at as_of."""
    return text(None, n_rows) if case is None else picked([*(law.id for law in case.policy.laws), None], case.law)


def tier_names(case: Case | None, grades: pa.Array, is_scored: np.ndarray) -> pa.Array:
    """The product's tier of every row, null where it has none; without a product the grade."""
    return grades if case is None else picked([*(t.tier for t in case.product.tiers), None], np.where(is_scored, case.tier, -1))


def offer_columns(case: Case | None, verdicts: Verdicts) -> dict[str, Any]:
    """Limit and offer of every row; all null without a product."""
    n = len(verdicts.outcome)
    is_lent = verdicts.outcome <= REFER
    if case is None or verdicts.limits is None:
        return {
            "limit_cny": np.full(n, np.nan), "limiting_cap": text(None, n), "tenor": np.full(n, np.nan), "tenor_unit": text(None, n),
            "method": text(None, n), **{name: np.full(n, np.nan) for name in RATES}, "overdue": text(None, n), "charges": text(None, n),
        }  # fmt: skip
    cap = np.where(is_lent | verdicts.is_limit_told, verdicts.limits.cap, -1)
    return {
        "limit_cny": np.where(verdicts.outcome >= DECLINE, 0.0, verdicts.limits.cny),
        "limiting_cap": picked([*CAPS, None], cap),
        "tenor": np.where(is_lent, case.product.repayment.tenor.value, np.nan),
        "tenor_unit": _words(is_lent, case.product.repayment.tenor.unit),
        "method": _words(is_lent, case.product.repayment.method),
        **_rates(case.offers, case.tier, is_lent),
        "overdue": picked(case.offers.overdue, np.where(is_lent, case.tier, -1)),
        "charges": _words(is_lent, charges(case.product)),
    }


def charges(product: Product) -> str:
    """Every charge beside interest, in words; `none` when there are none (R10: no undisclosed charge)."""
    return "; ".join(f"{c.name} {100 * c.rate.value:g} % of principal {_WHEN[c.taken]}, to {c.receiver}" for c in product.charges) or "none"


def _words(is_lent: np.ndarray, words: str) -> pa.Array:
    return picked([None, words], is_lent.astype(np.int64))


def _rates(offers: Offers, tier: np.ndarray, is_lent: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.where(is_lent, getattr(offers, name)[tier], np.nan) for name in RATES}
