"""Events of the identity family: attempts at proofs (domain 7.4).

identity_verification shows in match scores, proof_completeness in which kinds are there at all, verification_retries in failed attempts.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from creditloom.world.calendar import DAY_US
from creditloom.world.events.events import Chunk, Stamps, flip, table
from creditloom.world.people.people import sigmoid

KINDS = 6
FACE = 1
WITHOUT_SCORE = (2, 4)  # phone and bank card answer yes or no
FIRST_DAYS = (30.0, 380.0)  # before as_of
RETRY_US = 6 * 3_600_000_000
FINAL_FAILURE = 0.01
MAX_TRIES = 20


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """Every round of proofs attempts its kinds, each with failed tries before it passes."""
    cell_person, cell_kind, cell_time = _attempts(chunk, rng)
    often = chunk.linear("check_retry", "verification_retries")[cell_person] + chunk.nature.stream(
        "check_face"
    ).level * (cell_kind == FACE)
    failed = np.minimum(rng.poisson(np.exp(often)), MAX_TRIES)
    lost = rng.random(cell_person.size) < FINAL_FAILURE
    tries = failed + 1
    cell = np.repeat(np.arange(tries.size), tries)
    nth = np.arange(cell.size) - np.repeat(np.cumsum(tries) - tries, tries)
    passed = (nth == failed[cell]) & ~lost[cell]
    time = cell_time[cell] + (nth * RETRY_US * (0.5 + rng.random(cell.size))).astype(np.int64)
    order = np.lexsort((time, cell_person[cell]))
    stamps = Stamps(cell_person[cell][order], time[order])
    kind, passed = cell_kind[cell][order], passed[order]
    score = chunk.linear("check", "identity_verification")[stamps.person] - 1.5 * ~passed
    score = sigmoid(score + chunk.nature.stream("check").noise * rng.standard_normal(stamps.size))
    columns = {
        "kind": kind,
        "is_pass": passed,
        "score": (np.round(score, 4), np.isin(kind, WITHOUT_SCORE)),
    }
    return {"identity_checks": table(chunk, "identity_checks", stamps, **columns)}


def _attempts(chunk: Chunk, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Person, kind and time of each proof attempted: rounds x kinds of which the complete attempt more."""
    rounds = 1 + rng.poisson(np.exp(chunk.linear("check_rounds", "proof_completeness")))
    person = np.repeat(np.repeat(np.arange(chunk.size), rounds), KINDS)
    kind = np.tile(np.arange(KINDS), person.size // KINDS)
    low, high = FIRST_DAYS
    start, _ = chunk.window
    round_time = chunk.of("as_of").repeat(rounds) - (
        (low + rng.random(rounds.sum()) * (high - low)) * DAY_US
    ).astype(np.int64)
    round_time = np.maximum(round_time, start.repeat(rounds))
    time = round_time.repeat(KINDS) + rng.integers(0, 3_600, person.size) * 1_000_000
    tried = flip(sigmoid(chunk.linear("check_kind", "proof_completeness"))[person], rng)
    return person[tried], kind[tried], time[tried]
