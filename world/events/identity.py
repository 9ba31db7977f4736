"""Events of the identity family: attempts at proofs (domain 7.4).

identity_verification shows in match scores, proof_completeness in which kinds of proof are there at
all, verification_retries in failed attempts.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.special import expit

from creditloom.world.calendar import DAY_US
from creditloom.world.events.events import Chunk, Stamps, flip, table

SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
# Number of kinds of proof, the code of the face check, and the codes without a match score:
# telephone and bank card answer yes or no.
N_KINDS = 6
FACE = 1
WITHOUT_SCORE = (2, 4)
# Match scores have four decimals.
SCORE_DECIMALS = 4


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """Return the attempts: every kind of a round has failed tries before it passes."""
    numbers = chunk.nature.identity
    # All columns share one stream. Draw order: attempts, failures, final failures, times, scores;
    # the face checks of the last day come from the stream of the session.
    person_of, kind_of, time_of = _attempts(chunk, rng)
    failed = _failed_tries(chunk, person_of, kind_of, rng)
    is_lost = rng.random(person_of.size) < numbers.final_failure_share
    late_person, late_time, late_failed = _failing_faces(chunk)
    person_of = np.concatenate([person_of, late_person])
    kind_of = np.concatenate([kind_of, np.full(late_person.size, FACE)])
    time_of = np.concatenate([time_of, late_time])
    failed = np.concatenate([failed, late_failed])
    is_lost = np.concatenate([is_lost, np.zeros(late_person.size, dtype=bool)])
    # From here on one row per try; `attempt` is the row of its attempt.
    n_tries = failed + 1
    attempt = np.repeat(np.arange(n_tries.size), n_tries)
    nth = np.arange(attempt.size) - np.repeat(np.cumsum(n_tries) - n_tries, n_tries)
    is_pass = (nth == failed[attempt]) & ~is_lost[attempt]
    # Whoever fails on the day of the application tries again within minutes.
    is_late = attempt >= n_tries.size - late_person.size
    late_retry_us = chunk.nature.session.face_retry_seconds * SECOND_US
    retry_us = np.where(is_late, late_retry_us, numbers.retry_hours * HOUR_US)
    wait = nth * retry_us * (numbers.shortest_retry + rng.random(attempt.size))
    time = time_of[attempt] + wait.astype(np.int64)
    person = person_of[attempt]
    # lexsort is stable: tries at the same moment keep their order.
    order = np.lexsort((time, person))
    stamps = Stamps(person[order], time[order])
    kind = kind_of[attempt][order]
    is_pass = is_pass[order]
    score = np.round(_score(chunk, stamps, is_pass, rng), SCORE_DECIMALS)
    no_score = np.isin(kind, WITHOUT_SCORE)
    checks = table(
        chunk, "identity_checks", stamps, kind=kind, is_pass=is_pass, score=(score, no_score)
    )
    return {"identity_checks": checks}


def _failing_faces(chunk: Chunk) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return person, time and failures of the face checks that fail on the day (FR07).

    Most people have none.
    """
    numbers = chunk.nature.session
    rng = chunk.rng("session_face")
    share = np.where(chunk.of("is_fraud"), *numbers.face_failure_shares)
    person = np.flatnonzero(rng.random(chunk.size) < share)
    hours = rng.integers(*numbers.face_hours_before, person.size)
    failures = rng.integers(*numbers.face_failures, person.size)
    return person, chunk.of("as_of")[person] - hours * HOUR_US, failures


def _failed_tries(
    chunk: Chunk, person: np.ndarray, kind: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the failed tries of each attempt; the face fails more often."""
    log_mean = chunk.linear("check_retry", "verification_retries")[person]
    log_mean = log_mean + chunk.nature.stream("check_face").level * (kind == FACE)
    return np.minimum(rng.poisson(np.exp(log_mean)), chunk.nature.identity.max_tries)


def _score(
    chunk: Chunk, stamps: Stamps, is_pass: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the match score of each try, between 0 and 1."""
    level = chunk.linear("check", "identity_verification")[stamps.person]
    level = level - chunk.nature.identity.failed_log_odds * ~is_pass
    noise = chunk.nature.stream("check").noise * rng.standard_normal(stamps.size)
    return expit(level + noise)


def _attempts(chunk: Chunk, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return person, kind and time of each proof attempted.

    They are rounds x kinds, of which those with complete proofs attempt more.
    """
    numbers = chunk.nature.identity
    mean_more = np.exp(chunk.linear("check_rounds", "proof_completeness"))
    n_rounds = 1 + rng.poisson(mean_more)
    person = np.repeat(np.repeat(np.arange(chunk.size), n_rounds), N_KINDS)
    kind = np.tile(np.arange(N_KINDS), person.size // N_KINDS)
    nearest, farthest = numbers.days_before
    days_before = nearest + rng.random(n_rounds.sum()) * (farthest - nearest)
    round_time = chunk.of("as_of").repeat(n_rounds) - (days_before * DAY_US).astype(np.int64)
    # A young account has no rounds before it: that of a fraud, and of some honest people.
    start, _ = chunk.window
    is_young = rng.random(chunk.size) < chunk.nature.session.young_account_share
    is_young &= ~chunk.world.file.history.is_repeat[chunk.rows]
    youngest = chunk.of("as_of") - int((chunk.nature.fraud.account_days - 1.0) * DAY_US)
    start = np.where(is_young, np.maximum(start, youngest), start)
    round_time = np.maximum(round_time, start.repeat(n_rounds))
    time = (
        round_time.repeat(N_KINDS) + rng.integers(0, numbers.round_seconds, person.size) * SECOND_US
    )
    attempt_share = expit(chunk.linear("check_kind", "proof_completeness"))
    is_tried = flip(attempt_share[person], rng)
    return person[is_tried], kind[is_tried], time[is_tried]
