"""Events of the bureau family: enquiries, monthly statements and earlier repayments (domain 7.4).

credit_enquiries shows in hard enquiries, repayment_record in days late on earlier loans, credit_utilisation in the monthly statement.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from creditloom.world.calendar import DAY_US
from creditloom.world.events.events import Chunk, Stamps, fen, in_order, rounds, scatter, table
from creditloom.world.people.people import sigmoid

LENDERS = 60
HARD, SOFT = 0, 1
BURST_DAYS = 10.0
MAX_LATE = 720
DAYS_PER_LATENT = 4.0
FAMILY = 4


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """All tables of the family for those whom the bureau knows and who consent."""
    return {
        "enquiries": _enquiries(chunk, rng),
        "bureau_snapshots": _snapshots(chunk, rng),
        "repayments": _repayments(chunk, rng),
    }


def _seen(chunk: Chunk) -> np.ndarray:
    return chunk.of("has_bureau") & chunk.of("consent_bureau")


def _enquiries(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Hard enquiries in bursts, for who looks for credit asks several lenders within days; soft ones evenly."""
    searches = scatter(
        chunk,
        np.exp(chunk.linear("enquiry_hard", "credit_enquiries")) * _seen(chunk),
        chunk.days.even,
        rng,
    )
    more = rng.poisson(np.exp(chunk.nature.stream("enquiry_burst").level), searches.size)
    later = searches.where(np.repeat(np.arange(searches.size), more))
    soft = scatter(
        chunk,
        np.exp(chunk.linear("enquiry_soft", "credit_enquiries")) * _seen(chunk),
        chunk.days.even,
        rng,
    )
    after = later.time + (rng.random(later.size) * BURST_DAYS * DAY_US).astype(np.int64)
    after = np.minimum(after, chunk.window[1][later.person] - 1000)
    kinds = np.repeat([HARD, HARD, SOFT], [searches.size, later.size, soft.size])
    stamps, kind = in_order(
        np.concatenate([searches.person, later.person, soft.person]),
        np.concatenate([searches.time, after, soft.time]),
        kinds,
    )
    return table(
        chunk, "enquiries", stamps, lender_id=rng.integers(1, LENDERS, stamps.size), kind=kind
    )


def _snapshots(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Monthly statements; no utilisation without a card, no score where the file is too thin."""
    stamps = rounds(chunk, 12.0, rng)
    stamps = stamps.where(_seen(chunk)[stamps.person])
    noise = rng.standard_normal((3, stamps.size))
    used = (
        chunk.linear("utilisation", "credit_utilisation")[stamps.person]
        + chunk.nature.stream("utilisation").noise * noise[0]
    )
    debt = (
        chunk.linear("debt", "credit_utilisation")[stamps.person]
        + chunk.nature.stream("debt").noise * noise[1]
    )
    score = chunk.nature.stream("bureau_score")
    points = (
        score.level
        + score.slope * chunk.of("families")[stamps.person, FAMILY]
        + score.noise * noise[2]
    )
    no_card, no_score = rng.random(chunk.size) < 0.10, rng.random(chunk.size) < 0.04
    return table(
        chunk,
        "bureau_snapshots",
        stamps,
        active_lenders=rng.poisson(
            np.exp(chunk.linear("active_lenders", "credit_utilisation"))[stamps.person]
        ),
        utilisation=(np.round(sigmoid(used), 4), no_card[stamps.person]),
        debt_fen=fen(chunk.of("income_cny")[stamps.person] * np.exp(debt)),
        bureau_score=(np.clip(np.rint(points), 300, 850), no_score[stamps.person]),
    )


def _repayments(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Instalments of earlier loans at one to three lenders; settled late where the latent is above zero."""
    stream = chunk.nature.stream("repayment")
    stamps = rounds(chunk, stream.rate, rng)
    stamps = stamps.where(_seen(chunk)[stamps.person])
    latent = chunk.linear("repayment", "repayment_record")[
        stamps.person
    ] + stream.noise * rng.standard_normal(stamps.size)
    lenders = rng.integers(0, LENDERS, (chunk.size, 3))
    return table(
        chunk,
        "repayments",
        stamps,
        lender_id=lenders[stamps.person, rng.integers(0, 3, stamps.size)],
        amount_fen=_instalments(chunk, stamps, rng),
        days_late=np.clip(np.ceil(DAYS_PER_LATENT * latent * np.maximum(latent, 1.0)), 0, MAX_LATE),
    )


def _instalments(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    usual = chunk.of("income_cny") * np.exp(-2.5 + 0.5 * rng.standard_normal(chunk.size))
    return fen(usual[stamps.person] * np.exp(0.2 * rng.standard_normal(stamps.size)))
