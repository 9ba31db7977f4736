"""The session in which a person applies: logins of the last hour, and odd ones among them.

Most people log in once or twice. A few honest people are nervous; frauds try often, from foreign
regions, and on devices that do not match. Filters read these rows (domain 0.13).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditloom.world.events.events import Chunk

SECOND_US = 1_000_000


@dataclass(frozen=True)
class Session:
    """The logins of the sessions.

    `person` is the place in the chunk, `time` microseconds. The other arrays have one value per
    person of the chunk: whether the session comes from a foreign region, and whether its device
    does not match.
    """

    person: np.ndarray
    time: np.ndarray
    is_foreign: np.ndarray
    is_mismatch: np.ndarray


def draw_session(chunk: Chunk, rng: np.random.Generator) -> Session:
    """Draw the logins of the last hour before each application."""
    numbers = chunk.nature.session
    is_fraud = chunk.of("is_fraud")
    n = chunk.size
    # Draw order: kind of session, number of logins, times, region, mismatch.
    kind = rng.random(n)
    usual = rng.integers(1, 3, n)
    busy = rng.integers(*numbers.busy_logins, n)
    frantic = rng.integers(*numbers.frantic_logins, n)
    frantic_share = np.where(is_fraud, *numbers.frantic_shares)
    busy_share = np.where(is_fraud, *numbers.busy_shares)
    is_frantic = kind < frantic_share
    is_busy = ~is_frantic & (kind < frantic_share + busy_share)
    n_logins = np.where(is_frantic, frantic, np.where(is_busy, busy, usual))
    person = np.repeat(np.arange(n), n_logins)
    back = rng.integers(*numbers.seconds_before, person.size) * SECOND_US
    # table: the parts of a session
    return Session(
        person=person,
        time=chunk.of("as_of")[person] - back,
        is_foreign=rng.random(n) < np.where(is_fraud, *numbers.foreign_shares),
        is_mismatch=rng.random(n) < np.where(is_fraud, *numbers.mismatch_shares),
    )
