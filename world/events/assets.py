"""Events of the assets family: balances, contributions and proofs (domain 7.4).

cash_balance shows in LQT balances, wealth_and_proofs in LCT balances and filed proofs, contribution_record in months paid.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from creditloom.world.calendar import DAY_US
from creditloom.world.events.events import (
    YEAR_DAYS,
    Chunk,
    Stamps,
    fen,
    flip,
    in_order,
    rounds,
    scatter,
    table,
)
from creditloom.world.people.people import sigmoid

LQT, LCT = 0, 1
HALF_LIFE_DAYS = 30.0
SCHEMES = (0.16, 0.10)  # social insurance and housing fund, share of income


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """All tables of the family for those who consent."""
    return {
        "asset_balances": _balances(chunk, rng),
        "contributions": _contributions(chunk, rng),
        "asset_proofs": _proofs(chunk, rng),
    }


def _consented(chunk: Chunk, stamps: Stamps) -> Stamps:
    return stamps.where(chunk.of("consent_assets")[stamps.person])


def _balance(
    chunk: Chunk, stamps: Stamps, account: str, concept: str, rng: np.random.Generator
) -> np.ndarray:
    """Zero where the latent is not above zero, else lognormal in it; the latent swings round the person's level (log-OU, domain 7.4)."""
    swing = _swing(
        stamps, np.exp2(-YEAR_DAYS / chunk.nature.stream(account).rate / HALF_LIFE_DAYS), rng
    )
    latent = (
        chunk.linear(account, concept)[stamps.person] + chunk.nature.stream(account).noise * swing
    )
    amount = chunk.nature.stream(f"{account}_amount")
    return np.where(latent > 0, fen(np.exp(amount.level + amount.slope * latent)), 0)


def _swing(stamps: Stamps, rho: float, rng: np.random.Generator) -> np.ndarray:
    """Standard normal, each row `rho` of its person's row before plus something new; rows lie in order of person and time."""
    first = np.flatnonzero(np.diff(stamps.person, prepend=-1))
    nth = np.arange(stamps.size) - np.repeat(first, np.diff(np.append(first, stamps.size)))
    swing = rng.standard_normal(stamps.size)
    for step in range(1, int(nth.max(initial=0)) + 1):
        rows = np.flatnonzero(nth == step)
        swing[rows] = rho * swing[rows - 1] + np.sqrt(1.0 - rho**2) * swing[rows]
    return swing


def _balances(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    lqt = _consented(chunk, rounds(chunk, chunk.nature.stream("lqt").rate, rng))
    lct = _consented(chunk, rounds(chunk, chunk.nature.stream("lct").rate, rng))
    cash, wealth = (
        _balance(chunk, lqt, "lqt", "cash_balance", rng),
        _balance(chunk, lct, "lct", "wealth_and_proofs", rng),
    )
    tags = np.repeat([LQT, LCT], [lqt.size, lct.size])
    stamps, account = in_order(
        np.concatenate([lqt.person, lct.person]), np.concatenate([lqt.time, lct.time]), tags
    )
    balance = np.empty(stamps.size)
    balance[account == LQT], balance[account == LCT] = cash, wealth
    return table(chunk, "asset_balances", stamps, account=account, balance_fen=balance)


def _contributions(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """One row per scheme and month paid; both are paid on the same day of the month."""
    start, end = chunk.window
    months = (chunk.days.months[:-1] * DAY_US).astype(np.int64)
    due = months[None, :] + rng.integers(5, 21, chunk.size)[:, None] * DAY_US
    inside = (due >= start[:, None]) & (due < end[:, None]) & chunk.of("consent_assets")[:, None]
    person, time = np.repeat(np.nonzero(inside)[0], 2), np.repeat(due[inside], 2)
    scheme = np.tile([0, 1], person.size // 2)
    paid = flip(sigmoid(chunk.linear("contribution", "contribution_record"))[person], rng)
    stamps = Stamps(person, time + scheme * 60_000_000).where(paid)
    amount = (
        chunk.of("income_cny")[stamps.person]
        * np.array(SCHEMES)[scheme[paid]]
        * np.exp(0.05 * rng.standard_normal(stamps.size))
    )
    return table(chunk, "contributions", stamps, kind=scheme[paid], amount_fen=fen(amount))


def _proofs(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Documents filed, more with wealth; a pay slip states no value."""
    rate = np.exp(chunk.linear("proof", "wealth_and_proofs")) * chunk.of("consent_assets")
    stamps = scatter(chunk, rate, chunk.days.even, rng)
    kind = np.array([0, 1, 2, 2, 3, 3, 3], dtype=np.int8)[rng.integers(0, 7, stamps.size)]
    value = np.array([800_000.0, 90_000.0, 30_000.0, 1.0])[kind] * np.exp(
        0.6 * rng.standard_normal(stamps.size)
    )
    return table(chunk, "asset_proofs", stamps, kind=kind, value_fen=(fen(value), kind == 3))
