"""Events of the bureau family: enquiries, monthly statements and earlier repayments (domain 7.4).

credit_enquiries shows in hard enquiries, repayment_record in days late on earlier loans,
credit_utilisation in the monthly statement.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.special import expit

from creditloom.world.calendar import DAY_US
from creditloom.world.config.config_types import FAMILIES
from creditloom.world.events.events import Chunk, Stamps, fen, in_order, rounds, scatter, table
from creditloom.world.loans.earlier_loans import earlier_instalments, instalment_fen

# Codes of the column `kind` of enquiries.
HARD = 0
SOFT = 1
# Utilisation is reported with four decimals.
SHARE_DECIMALS = 4


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """Return all tables of the family, for those whom the bureau knows and who consent."""
    # The tables share one stream: they are drawn in this order.
    return {
        "enquiries": _enquiries(chunk, rng),
        "bureau_snapshots": _snapshots(chunk, rng),
        "repayments": _repayments(chunk, rng),
    }


def _is_readable(chunk: Chunk) -> np.ndarray:
    return chunk.of("has_bureau") & chunk.of("consent_bureau")


def _enquiries(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Return hard enquiries in bursts and soft ones evenly.

    Who looks for credit asks several lenders within days.
    """
    # Draw order: searches, how many more enquiries each brings, soft ones, times of the further
    # ones, lenders.
    searches = _scattered(chunk, "enquiry_hard", rng)
    n_more = rng.poisson(np.exp(chunk.nature.stream("enquiry_burst").level), searches.size)
    further = searches.where(np.repeat(np.arange(searches.size), n_more))
    soft = _scattered(chunk, "enquiry_soft", rng)
    hurried = _hurried(chunk)
    delay = (rng.random(further.size) * chunk.nature.bureau.burst_days * DAY_US).astype(np.int64)
    # A burst ends with the window, a millisecond before it at the latest.
    window_end = chunk.window[1][further.person] - 1000
    further_time = np.minimum(further.time + delay, window_end)
    kinds = np.repeat(
        [HARD, HARD, SOFT, HARD], [searches.size, further.size, soft.size, hurried.size]
    )
    person = np.concatenate([searches.person, further.person, soft.person, hurried.person])
    time = np.concatenate([searches.time, further_time, soft.time, hurried.time])
    stamps, kind = in_order(person, time, kinds)
    # Lender 0 is this one: it makes no enquiries of its own here.
    lender_id = rng.integers(1, chunk.nature.bureau.n_lenders, stamps.size)
    return table(chunk, "enquiries", stamps, lender_id=lender_id, kind=kind)


def _hurried(chunk: Chunk) -> Stamps:
    """Return the enquiries of frauds who ask many lenders in the weeks before (FR09)."""
    numbers = chunk.nature.session
    rng = chunk.rng("session_bureau")
    asks = chunk.of("is_fraud") & (rng.random(chunk.size) < numbers.extra_enquiries_share)
    n_enquiries = rng.poisson(numbers.extra_enquiries_mean, chunk.size) * (
        asks & _is_readable(chunk)
    )
    person = np.repeat(np.arange(chunk.size), n_enquiries)
    back = (rng.random(person.size) * numbers.extra_enquiries_days * DAY_US).astype(np.int64)
    return Stamps(person, chunk.of("as_of")[person] - back)


def _scattered(chunk: Chunk, stream: str, rng: np.random.Generator) -> Stamps:
    rate = np.exp(chunk.linear(stream, "credit_enquiries")) * _is_readable(chunk)
    return scatter(chunk, rate, chunk.days.even, rng)


def _snapshots(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Return monthly statements.

    Utilisation is null without a card, the score where the file is too thin.
    """
    nature = chunk.nature
    stamps = rounds(chunk, nature.bureau.statements_per_year, rng)
    stamps = stamps.where(_is_readable(chunk)[stamps.person])
    # Draw order: noise of all three columns, then who has no card or score, then lenders. What the
    # score gets wrong about each person for good has a stream of its own.
    noise = rng.standard_normal((3, stamps.size))
    used = chunk.linear("utilisation", "credit_utilisation")[stamps.person]
    used = used + nature.stream("utilisation").noise * noise[0]
    debt = chunk.linear("debt", "credit_utilisation")[stamps.person]
    debt = debt + nature.stream("debt").noise * noise[1]
    score = _score(chunk, stamps, noise[2])
    no_card = rng.random(chunk.size) < nature.bureau.no_card_share
    no_score = rng.random(chunk.size) < nature.bureau.no_score_share
    mean_lenders = np.exp(chunk.linear("active_lenders", "credit_utilisation"))
    active_lenders = rng.poisson(mean_lenders[stamps.person])
    debt_cny = chunk.of("income_cny")[stamps.person] * np.exp(debt)
    return table(
        chunk,
        "bureau_snapshots",
        stamps,
        active_lenders=active_lenders,
        utilisation=(np.round(expit(used), SHARE_DECIMALS), no_card[stamps.person]),
        debt_fen=fen(debt_cny),
        bureau_score=(score, no_score[stamps.person]),
    )


def _score(chunk: Chunk, stamps: Stamps, noise: np.ndarray) -> np.ndarray:
    """Return the bureau score, whole points within its range."""
    stream = chunk.nature.stream("bureau_score")
    state = chunk.of("families")[:, FAMILIES.index("bureau")]
    lasting_share = chunk.nature.bureau.score_lasting
    lasting = _lasting_error(chunk, stream.level + stream.slope * state)
    # The two parts add up to the noise of one score, whatever the share.
    error = np.sqrt(lasting_share) * lasting[stamps.person]
    error = error + np.sqrt(1.0 - lasting_share) * stream.noise * noise
    points = stream.level + stream.slope * state[stamps.person] + error
    # The bureau's scores have a fixed range.
    return np.clip(np.rint(points), *chunk.nature.bureau.score_range)


def _lasting_error(chunk: Chunk, expected: np.ndarray) -> np.ndarray:
    """Return what the bureau gets wrong about each person, points: as in the score pulled today.

    `expected` is the score that the state alone would give. Where no score was pulled the error is
    drawn.
    """
    pulled = chunk.world.file.bureau_score[chunk.rows] - expected
    noise = chunk.nature.stream("bureau_score").noise
    drawn = noise * chunk.rng("bureau_error").standard_normal(chunk.size)
    return np.where(np.isnan(pulled), drawn, pulled)


def _repayments(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Return instalments of earlier loans at one to three lenders, and those at this house.

    At other lenders they are settled late where the latent is above zero.
    """
    stream = chunk.nature.stream("repayment")
    # Draw order: moments, lateness, lenders of a person, lender of each row, amounts; then what
    # belongs to this house.
    stamps = rounds(chunk, stream.rate, rng)
    stamps = stamps.where(_is_readable(chunk)[stamps.person])
    latent = chunk.linear("repayment", "repayment_record")[stamps.person]
    latent = latent + stream.noise * rng.standard_normal(stamps.size)
    numbers = chunk.nature.bureau
    # Number 0 is this house, whose instalments come from its own loans.
    lenders = rng.integers(1, numbers.n_lenders, (chunk.size, numbers.lenders_per_person))
    which = rng.integers(0, numbers.lenders_per_person, stamps.size)
    # Linear up to a latent of 1 and quadratic above: few are very late.
    days_late = np.ceil(numbers.days_per_latent * latent * np.maximum(latent, 1.0))
    # Paid early counts as on time; beyond the last bucket the days no longer matter.
    days_late = np.clip(days_late, 0, numbers.max_days_late)
    amounts = _instalments(chunk, stamps, rng)
    own, own_days_late = _own_repayments(chunk, rng)
    person = np.concatenate([stamps.person, own.person])
    time = np.concatenate([stamps.time, own.time])
    lender_id = np.concatenate([lenders[stamps.person, which], np.zeros(own.size, np.int64)])
    amount_fen = np.concatenate([amounts, instalment_fen(chunk)[own.person]])
    late = np.concatenate([days_late, own_days_late])
    # By person, then by time; of equal moments the other lender's comes first.
    order = np.lexsort((lender_id == 0, time, person))
    return table(
        chunk,
        "repayments",
        Stamps(person[order], time[order]),
        lender_id=lender_id[order],
        amount_fen=amount_fen[order],
        days_late=late[order],
    )


def _own_repayments(chunk: Chunk, rng: np.random.Generator) -> tuple[Stamps, np.ndarray]:
    """Return the moments of the instalments at this house within the window, and days late.

    What was unpaid at the end of its month is paid within the next days.
    """
    rows = earlier_instalments(chunk)
    low, high = chunk.nature.history.days_late
    more_days = rng.integers(low, high + 1, rows.person.size)
    days_late = np.where(rows.is_late, rows.dpd_days + more_days, 0)
    second = rng.integers(*chunk.nature.history.paying_seconds, rows.person.size)
    time = rows.due_us + days_late * DAY_US + second * 1_000_000
    first, end = chunk.window
    # The last instalment may still be unpaid when the window ends.
    is_seen = (time >= first[rows.person]) & (time < end[rows.person])
    is_seen &= _is_readable(chunk)[rows.person]
    stamps = Stamps(rows.person, time).where(is_seen)
    return stamps, days_late[is_seen]


def _instalments(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    """Return the amount of each instalment, fen: near the person's usual one."""
    numbers = chunk.nature.bureau
    between = numbers.instalment_sigma * rng.standard_normal(chunk.size)
    log_share = numbers.instalment_level + between
    usual = chunk.of("income_cny") * np.exp(log_share)
    noise = np.exp(numbers.instalment_noise * rng.standard_normal(stamps.size))
    return fen(usual[stamps.person] * noise)
