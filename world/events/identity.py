"""Events of the identity family: attempts at proofs (domain 7.4).

identity_verification shows in match scores, proof_completeness in which kinds of proof are there at
all, verification_retries in failed attempts.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from creditloom.world.calendar import DAY_US
from creditloom.world.events.events import Chunk, Stamps, flip, table
from creditloom.world.people.people import sigmoid

SECOND_US = 1_000_000
# Number of kinds of proof, the code of the face check, and the codes without a match score:
# telephone and bank card answer yes or no.
N_KINDS = 6
FACE = 1
WITHOUT_SCORE = (2, 4)
# A round of proofs lies between so many days before as_of (choice).
DAYS_BEFORE = (30.0, 380.0)
# The kinds of a round follow each other within an hour, seconds.
ROUND_SECONDS = 3_600
# Mean time between two tries of a kind: six hours, times 0.5 to 1.5 (choice).
RETRY_US = 6 * 3_600_000_000
SHORTEST_RETRY = 0.5
# Share of proofs whose last try fails too (choice).
FINAL_FAILURE_SHARE = 0.01
# Most failed tries of a kind (choice).
MAX_TRIES = 20
# Log-odds by which a failed try scores lower (choice).
FAILED_LOG_ODDS = 1.5
SCORE_DECIMALS = 4


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """Return the attempts: every kind of a round has failed tries before it passes."""
    # All columns share one stream. Draw order: attempts, failures, final failures, times, scores.
    person_of, kind_of, time_of = _attempts(chunk, rng)
    failed = _failed_tries(chunk, person_of, kind_of, rng)
    is_lost = rng.random(person_of.size) < FINAL_FAILURE_SHARE
    # From here on one row per try; `attempt` is the row of its attempt.
    n_tries = failed + 1
    attempt = np.repeat(np.arange(n_tries.size), n_tries)
    nth = np.arange(attempt.size) - np.repeat(np.cumsum(n_tries) - n_tries, n_tries)
    is_pass = (nth == failed[attempt]) & ~is_lost[attempt]
    wait = nth * RETRY_US * (SHORTEST_RETRY + rng.random(attempt.size))
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


def _failed_tries(
    chunk: Chunk, person: np.ndarray, kind: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the failed tries of each attempt; the face fails more often."""
    log_mean = chunk.linear("check_retry", "verification_retries")[person]
    log_mean = log_mean + chunk.nature.stream("check_face").level * (kind == FACE)
    return np.minimum(rng.poisson(np.exp(log_mean)), MAX_TRIES)


def _score(
    chunk: Chunk, stamps: Stamps, is_pass: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the match score of each try, between 0 and 1."""
    level = chunk.linear("check", "identity_verification")[stamps.person]
    level = level - FAILED_LOG_ODDS * ~is_pass
    noise = chunk.nature.stream("check").noise * rng.standard_normal(stamps.size)
    return sigmoid(level + noise)


def _attempts(chunk: Chunk, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return person, kind and time of each proof attempted.

    They are rounds x kinds, of which those with complete proofs attempt more.
    """
    mean_more = np.exp(chunk.linear("check_rounds", "proof_completeness"))
    n_rounds = 1 + rng.poisson(mean_more)
    person = np.repeat(np.repeat(np.arange(chunk.size), n_rounds), N_KINDS)
    kind = np.tile(np.arange(N_KINDS), person.size // N_KINDS)
    nearest, farthest = DAYS_BEFORE
    days_before = nearest + rng.random(n_rounds.sum()) * (farthest - nearest)
    round_time = chunk.of("as_of").repeat(n_rounds) - (days_before * DAY_US).astype(np.int64)
    # The account of a fraud is young: its rounds come no earlier than the account.
    start, _ = chunk.window
    round_time = np.maximum(round_time, start.repeat(n_rounds))
    time = round_time.repeat(N_KINDS) + rng.integers(0, ROUND_SECONDS, person.size) * SECOND_US
    attempt_share = sigmoid(chunk.linear("check_kind", "proof_completeness"))
    is_tried = flip(attempt_share[person], rng)
    return person[is_tried], kind[is_tried], time[is_tried]
