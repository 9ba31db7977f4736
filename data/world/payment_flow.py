"""Events of the payment-flow family: payments, wallet snapshots and bills (domain 7.4).

payments.py has the payments; fund_retention shows in what stays of an inflow, bill_punctuality in days late. Both sink after a life shock.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from data.world.events import Chunk, Stamps, fen, flip, rounds, table
from data.world.payments import payments
from data.world.traits import sigmoid


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """All tables of the family for one chunk; a thin file leaves few rows."""
    return {"payments": payments(chunk, rng), "wallet_snapshots": _wallet(chunk, rng), "bills": _bills(chunk, rng)}


def _kept(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> Stamps:
    share = np.where(chunk.of("is_thin"), chunk.nature.presence.thin_activity, 1.0)
    return stamps.where(flip(share[stamps.person], rng))


def _wallet(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    stream = chunk.nature.stream("wallet")
    stamps = _kept(chunk, rounds(chunk, stream.rate, rng), rng)
    struck, life = chunk.is_shocked(stamps.person, stamps.time), chunk.nature.life
    inflow = chunk.of("income_cny")[stamps.person] / 2.0 * np.exp(0.6 * rng.standard_normal(stamps.size))
    inflow = inflow * np.where(struck, 1.0 - life.inflow_lost, 1.0)
    latent = chunk.linear("wallet", "fund_retention")[stamps.person] - life.retention_lost * struck
    kept = sigmoid(latent + stream.noise * rng.standard_normal(stamps.size))
    return table(chunk, "wallet_snapshots", stamps, inflow_fen=fen(inflow), retained_fen=np.floor(inflow * kept * 100.0))


def _bills(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    stream = chunk.nature.stream("bill")
    stamps = _kept(chunk, rounds(chunk, stream.rate, rng), rng)
    latent = chunk.linear("bill", "bill_punctuality")[stamps.person]
    latent = latent + chunk.nature.life.lateness_added * chunk.is_shocked(stamps.person, stamps.time)
    lateness = latent + stream.noise * rng.standard_normal(stamps.size)
    kind = np.array([0, 3, 0, 3, 1, 3, 2], dtype=np.int8)[rng.integers(0, 7, stamps.size)]
    amount = np.array([120.0, 45.0, 60.0, 80.0])[kind] * np.exp(0.4 * rng.standard_normal(stamps.size))
    return table(chunk, "bills", stamps, kind=kind, amount_fen=fen(amount), days_late=np.clip(np.ceil(lateness * 4.0), 0, 365))
