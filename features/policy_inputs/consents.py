"""Who refused a consent as of a moment, by what people stated in their applications.

A statement holds from its moment until the next one of the same person. Whoever has stated nothing
before a moment has not refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..contract.tables import APPLICATIONS
from ..engine.raw_reader import RawFiles, fetch, read, require

if TYPE_CHECKING:
    from ..engine.raw_reader import Connection

# When a consent was stated, in applications that are decided as of another moment than their own.
STATED = "stated_time"
# A null is no consent. Of two statements of one moment the larger application id is the later one.
STATEMENTS = """
SELECT applicant_id, stated, is_given FROM statements_{consent}
WHERE stated IS NOT NULL ORDER BY applicant_id, stated, application_id
"""
VIEW = """
CREATE OR REPLACE TEMP VIEW statements_{consent} AS
SELECT applicant_id, application_id, {moment} AS stated, coalesce({consent}, false) AS is_given
FROM stating WHERE applicant_id IS NOT NULL
"""
# From when until when a refusal holds; `until` is null where nothing was stated since.
REFUSALS = """
CREATE OR REPLACE TEMP VIEW refusals_{consent} AS
SELECT applicant_id, stated AS since, until FROM (
    SELECT *, lead(stated) OVER (PARTITION BY applicant_id ORDER BY stated, application_id) AS until
    FROM statements_{consent}
) WHERE NOT is_given
"""


@dataclass(frozen=True)
class Statements:
    """Statements on one consent, by person and moment, and whether it was given.

    `is_moved` says that everyone is decided as of one moment, and not as of the own application.
    """

    person: np.ndarray
    moment: np.ndarray
    is_given: np.ndarray
    is_moved: bool = False

    def refused(self, month: int) -> np.ndarray:
        """Return the people, sorted, whose last statement before a month was a refusal."""
        return self.refused_before(np.datetime64(month, "M").astype("datetime64[us]"))

    def refused_before(self, moment: np.datetime64) -> np.ndarray:
        """Return the people, sorted, whose last statement before a moment was a refusal."""
        is_before = self.moment < moment
        person = self.person[is_before]
        # Statements are in order: the last one of a person stands before the next person's.
        is_last = np.diff(person, append=-1) != 0
        return person[is_last & ~self.is_given[is_before]]


def statements(con: Connection, sources: RawFiles, consent: str) -> Statements:
    """Return what all applications say on one consent."""
    is_moved = _make_view(con, sources, consent)
    person, moment, is_given = fetch(con, STATEMENTS.format(consent=consent))
    return Statements(person, moment.astype("datetime64[us]"), is_given.astype(bool), is_moved)


def make_refusals(con: Connection, sources: RawFiles, consent: str) -> None:
    """Make the view `refusals_<consent>`: applicant_id, since, until (null where it still holds).

    A statement counts for moments strictly after it.
    """
    _make_view(con, sources, consent)
    con.execute(REFUSALS.format(consent=consent))


def _make_view(con: Connection, sources: RawFiles, consent: str) -> bool:
    """Make the view of the statements; return whether they are decided as of another moment."""
    rows = read(con, require(sources, APPLICATIONS.name))
    is_moved = STATED in rows.columns
    rows.create_view("stating", replace=True)
    con.execute(VIEW.format(consent=consent, moment=STATED if is_moved else "as_of"))
    return is_moved
