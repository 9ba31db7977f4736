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

    `person` is the place in the chunk, `time` microseconds, `is_foreign` whether the login comes
    from a foreign region. `is_mismatch` has one value per person of the chunk: the device of the
    session does not match.
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
    # Draw order: kind of session, number of logins, region, mismatch, times.
    kind = rng.random(n)
    usual = rng.integers(1, 3, n)
    busy = rng.integers(*numbers.busy_logins, n)
    frantic = rng.integers(*numbers.frantic_logins, n)
    frantic_share = np.where(is_fraud, *numbers.frantic_shares)
    busy_share = np.where(is_fraud, *numbers.busy_shares)
    is_frantic = kind < frantic_share
    is_busy = ~is_frantic & (kind < frantic_share + busy_share)
    n_logins = np.where(is_frantic, frantic, np.where(is_busy, busy, usual))
    is_foreign = rng.random(n) < np.where(is_fraud, *numbers.foreign_shares)
    is_mismatch = rng.random(n) < np.where(is_fraud, *numbers.mismatch_shares)
    # The account is open at home as well, so that two regions meet within the hour (FR02).
    n_logins = n_logins + is_foreign
    person = np.repeat(np.arange(n), n_logins)
    back = rng.integers(*numbers.seconds_before, person.size) * SECOND_US
    # The last one of a person: two logins of one second are in the order in which they were drawn.
    order = np.lexsort((-back, person))
    is_last = np.zeros(person.size, dtype=bool)
    is_last[order] = np.diff(person[order], append=n) > 0
    # table: the parts of a session
    return Session(
        person=person,
        time=chunk.of("as_of")[person] - back,
        # One login from elsewhere, by which the loan is asked for (FR02, FR05).
        is_foreign=is_foreign[person] & is_last,
        is_mismatch=is_mismatch,
    )
