"""Events of the assets family: balances, contributions and proofs (domain 7.4).

cash_balance shows in LQT balances, wealth_and_proofs in LCT balances and filed proofs,
contribution_record in months paid.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.special import expit

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

# Codes of the column `account`.
LQT = 0
LCT = 1
# The two schemes are a minute apart, so that their order is fixed.
BETWEEN_SCHEMES_US = 60_000_000
# Kind of proof that states no value.
PAY_SLIP = 3


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """Return all tables of the family, for those who consent."""
    # The tables share one stream: they are drawn in this order.
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
    """Return the balance of an account at each moment, fen.

    It is 0 where the latent is not above zero, else lognormal in it. The latent swings round the
    level of the person (log-OU, domain 7.4).
    """
    stream = chunk.nature.stream(account)
    days_between = YEAR_DAYS / stream.rate
    # How much of a swing is left after one step of the stream.
    rho = np.exp2(-days_between / chunk.nature.assets.half_life_days)
    swing = _swing(stamps, rho, rng)
    latent = chunk.linear(account, concept)[stamps.person] + stream.noise * swing
    amount = chunk.nature.stream(f"{account}_amount")
    return np.where(latent > 0, fen(np.exp(amount.level + amount.slope * latent)), 0)


def _swing(stamps: Stamps, rho: float, rng: np.random.Generator) -> np.ndarray:
    """Return a standard normal per row, `rho` of the same person's row before plus something new.

    Rows lie in order of person and time.
    """
    first = np.flatnonzero(np.diff(stamps.person, prepend=-1))
    per_person = np.diff(np.append(first, stamps.size))
    nth = np.arange(stamps.size) - np.repeat(first, per_person)
    swing = rng.standard_normal(stamps.size)
    # All second rows of a person, then all third ones: few steps, each over everybody.
    for step in range(1, int(nth.max(initial=0)) + 1):
        rows = np.flatnonzero(nth == step)
        swing[rows] = rho * swing[rows - 1] + np.sqrt(1.0 - rho**2) * swing[rows]
    return swing


def _balances(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    # Draw order: the moments of both accounts, then their balances.
    lqt = _consented(chunk, rounds(chunk, chunk.nature.stream("lqt").rate, rng))
    lct = _consented(chunk, rounds(chunk, chunk.nature.stream("lct").rate, rng))
    cash = _balance(chunk, lqt, "lqt", "cash_balance", rng)
    wealth = _balance(chunk, lct, "lct", "wealth_and_proofs", rng)
    person = np.concatenate([lqt.person, lct.person])
    time = np.concatenate([lqt.time, lct.time])
    tags = np.repeat([LQT, LCT], [lqt.size, lct.size])
    stamps, account = in_order(person, time, tags)
    balance = np.empty(stamps.size)
    # Both accounts were in order already, so each keeps its own order in the merged rows.
    balance[account == LQT] = cash
    balance[account == LCT] = wealth
    return table(chunk, "asset_balances", stamps, account=account, balance_fen=balance)


def _contributions(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Return one row per scheme and month paid; both are paid on the same day of the month."""
    numbers = chunk.nature.assets
    start, end = chunk.window
    months = (chunk.days.months[:-1] * DAY_US).astype(np.int64)
    first_day, last_day = numbers.contribution_days
    day = rng.integers(first_day, last_day + 1, chunk.size)
    due = months[None, :] + day[:, None] * DAY_US
    is_inside = (due >= start[:, None]) & (due < end[:, None])
    is_inside = is_inside & chunk.of("consent_assets")[:, None]
    n_schemes = len(numbers.contribution_shares)
    person = np.repeat(np.nonzero(is_inside)[0], n_schemes)
    time = np.repeat(due[is_inside], n_schemes)
    scheme = np.tile(np.arange(n_schemes), person.size // n_schemes)
    paid_share = expit(chunk.linear("contribution", "contribution_record"))
    is_paid = flip(paid_share[person], rng)
    stamps = Stamps(person, time + scheme * BETWEEN_SCHEMES_US).where(is_paid)
    kind = scheme[is_paid]
    usual = chunk.of("income_cny")[stamps.person] * np.array(numbers.contribution_shares)[kind]
    amount = usual * np.exp(numbers.contribution_sigma * rng.standard_normal(stamps.size))
    return table(chunk, "contributions", stamps, kind=kind, amount_fen=fen(amount))


def _proofs(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Return the documents filed, more with wealth; the value of a pay slip is null."""
    rate = np.exp(chunk.linear("proof", "wealth_and_proofs")) * chunk.of("consent_assets")
    stamps = scatter(chunk, rate, chunk.days.even, rng)
    numbers = chunk.nature.assets
    kinds = np.array(numbers.proof_kinds, dtype=np.int8)
    kind = kinds[rng.integers(0, kinds.size, stamps.size)]
    noise = np.exp(numbers.proof_sigma * rng.standard_normal(stamps.size))
    value = np.array(numbers.proof_values_cny)[kind] * noise
    value_fen = (fen(value), kind == PAY_SLIP)
    return table(chunk, "asset_proofs", stamps, kind=kind, value_fen=value_fen)
