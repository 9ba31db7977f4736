"""Which fairness tests a jurisdiction requires or forbids. The types of products/law.

A forbidden test is not computed for applications under that law, and the report says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from creditloom.models.sample.arrays import Mask
from creditloom.models.sample.errors import ModelError

Standing = Literal["required", "forbidden", "not_required"]


@dataclass(frozen=True)
class LawTest:
    """One test and how the law stands to it.

    of: what is tested: an `outcome` (decision, price, ...), a `field` (sex, ...) or an `audit`
    (proxies, alternatives, reasons). From `since` to `until`, inclusive; null = without end.
    """

    of: Literal["outcome", "field", "audit"]
    name: str
    standing: Standing
    since: dt.date
    until: dt.date | None
    source: str
    note: str = ""

    def holds(self, day: dt.date) -> bool:
        """Return whether the line is in force on a day."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class Jurisdiction:
    """The tests of one jurisdiction. laws: ids of its law profiles; none where the house has no
    profile of it yet."""

    id: str
    name_en: str
    name_zh: str
    laws: tuple[str, ...]
    tests: tuple[LawTest, ...]


@dataclass(frozen=True)
class LawTests:
    """The whole of products/law/fairness_tests.yaml."""

    jurisdictions: tuple[Jurisdiction, ...]

    def on(self, day: dt.date, only: str | None = None) -> JurisdictionTests:
        """Return the tests in force on a day.

        only: a jurisdiction whose tests count for every application, whatever its law profile.
        Raise ModelError for one that is not there.
        """
        known = {one.id: one for one in self.jurisdictions}
        if only is not None and only not in known:
            raise ModelError(
                f"evaluate.fairness_law: expected one of {', '.join(known)} or null, got `{only}`. "
                "Change it in params.yaml."
            )
        chosen = self.jurisdictions if only is None else (known[only],)
        lines = {one.id: tuple(t for t in one.tests if t.holds(day)) for one in chosen}
        return JurisdictionTests(chosen, lines, is_for_all=only is not None)


@dataclass(frozen=True)
class JurisdictionTests:
    """The lines in force. in_force: by jurisdiction. is_for_all: one counts for everybody."""

    jurisdictions: tuple[Jurisdiction, ...]
    in_force: Mapping[str, tuple[LawTest, ...]]
    is_for_all: bool = False

    def forbidden(self, of: str, name: str) -> list[tuple[Jurisdiction, LawTest]]:
        """Return who forbids a test, with the line."""
        return [
            (one, test)
            for one in self.jurisdictions
            for test in self.in_force[one.id]
            if (test.of, test.name, test.standing) == (of, name, "forbidden")
        ]

    def allows(self, law: NDArray[np.str_], field: str, outcome: str) -> Mask:
        """Return which applications may be tested: no law of theirs forbids field or outcome."""
        against = self.forbidden("field", field) + self.forbidden("outcome", outcome)
        if self.is_for_all:
            return np.full(len(law), not against)
        laws = [name for one, _ in against for name in one.laws]
        return ~np.isin(law, laws)

    def lines(self, law: NDArray[np.str_]) -> list[dict[str, Any]]:
        """Return every line in force of the laws that decided, with how many applications."""
        shown = []
        for one in self.jurisdictions:
            n = len(law) if self.is_for_all else int(np.isin(law, one.laws).sum())
            lines = self.in_force[one.id] if n else ()
            shown += [_line(one.id, test, n) for test in lines]
        return shown


def _line(jurisdiction: str, test: LawTest, applications: int) -> dict[str, Any]:
    """Return one line of a law as the report shows it."""
    # table: column -> value
    return {
        "id": f"{jurisdiction}/{test.of}/{test.name}",
        "jurisdiction": jurisdiction,
        "of": test.of,
        "name": test.name,
        "standing": test.standing,
        "since": test.since.isoformat(),
        "source": test.source,
        "note": test.note,
        "applications": applications,
        "is_computed": test.standing != "forbidden",
    }
