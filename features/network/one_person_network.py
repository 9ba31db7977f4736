"""What other people's rows say of one person as of a moment: transfers, devices, addresses.

The values are those that `transfers`, `shared_devices` and `device_counts` make of whole tables; a
test compares them. Here only the rows that name the person, or the person's devices and addresses,
are looked up. The graph stands at the first of the month, and is not made here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..aggregates.event_arrays import EventArrays
from ..clock import BIN_DAYS, MICROS_PER_DAY, YEAR_DAYS, visible
from ..contract.tables import LOGINS
from ..policy_inputs.device_counts import CLUSTERED, CO_USE_DAYS, SHARED
from .network_features import MEETINGS, TRANSFERS
from .shared_devices import TOGETHER_HOURS
from .transfers import MONTH, N_OF_PARTNERS

# Microseconds of an hour.
HOUR = MICROS_PER_DAY // 24
DEVICE = "device_id"
ADDRESS = "ip_id"
_MOBILE = next(column for column in LOGINS.columns if column.name == "network").among.index(
    "mobile"
)
_PARTNERS = tuple(spec.name for spec in TRANSFERS[:N_OF_PARTNERS])
_CIRCLES = tuple(spec.name for spec in TRANSFERS[N_OF_PARTNERS:])
_MET, _NEW, _TOGETHER, _ADDRESSES, _ = (spec.name for spec in MEETINGS)
# table: what is made here
NAMES = frozenset(
    (*_PARTNERS, *_CIRCLES, _MET, _NEW, _TOGETHER, _ADDRESSES,
     *(one.name for one in (*SHARED, *CLUSTERED)))
)  # fmt: skip


class RowsOfOthers(Protocol):
    """Where the rows of others are looked up; only those of people who ever applied count."""

    def ties(self, person: int) -> EventArrays:
        """Return the transfers of a person: other, is_paid, event_time, known_time."""

    def ties_of(self, people: Iterable[int]) -> EventArrays:
        """Return the transfers of several people; `person` says whose each is."""

    def uses(self, column: str, identifier: int) -> EventArrays:
        """Return the logins on a device or an address: applicant_id, event_time, known_time."""

    def begun(self, person: int) -> int | None:
        """Return the moment from which a first passed identity check is known; None without."""

    def refusers(self, people: Iterable[int], as_of: int) -> Collection[int]:
        """Return those people whose last statement on their location before a moment refuses."""

    def applied(self, people: Iterable[int], after: int, until: int) -> Iterator[tuple[int, int]]:
        """Yield (person, moment) of applications with after < moment <= until."""


def others_of_one(
    wanted: Collection[str], person: int, as_of: int, logins: EventArrays | None, rows: RowsOfOthers
) -> dict[str, float]:
    """Return those of NAMES that are wanted; NaN is null.

    `as_of` is in microseconds. `logins` are the person's own; None where the table is not there.
    """
    found: dict[str, float] = {}
    asked = frozenset(name for name in wanted if name in NAMES)
    if asked & {*_PARTNERS, *_CIRCLES}:
        found |= _transfers(asked, person, as_of, rows)
    if logins is not None and asked - {*_PARTNERS, *_CIRCLES}:
        found |= _shared(asked, person, as_of, logins, rows)
    return {name: value for name, value in found.items() if name in asked}


# Transfers.


def _transfers(
    asked: frozenset[str], person: int, as_of: int, rows: RowsOfOthers
) -> dict[str, float]:
    mine = rows.ties(person)
    found = dict(zip(_PARTNERS, Ties(mine).partners(as_of), strict=True))
    if asked & {*_CIRCLES}:
        found |= dict(zip(_CIRCLES, _circles(mine, person, as_of, rows), strict=True))
    return found


class Ties:
    """The transfers of one person, each once: by the other one, the direction and the moment."""

    def __init__(self, rows: EventArrays) -> None:
        columns = rows.columns
        keys = (columns["event_time"], columns["is_paid"], columns["other"])
        # Both accounts may list a transfer: it is known from the first of the two on. So lexsort,
        # which takes the last key first, puts the earlier one before the later one.
        order = np.lexsort((columns["known_time"], *keys))
        time, is_paid, other = (key[order] for key in keys)
        is_first = np.ones(len(order), bool)
        is_first[1:] = (np.diff(time) != 0) | (np.diff(is_paid) != 0) | (np.diff(other) != 0)
        self.time = time[is_first]
        self.is_paid = is_paid[is_first] == 1
        self.other = other[is_first]
        self.known = columns["known_time"][order][is_first]

    def partners(self, as_of: int) -> tuple[float, ...]:
        """Return payees, payers, and shares of mutual, main and new partners of the year."""
        is_seen = visible(self.time, self.known, as_of)
        is_seen &= self.time >= as_of - YEAR_DAYS * MICROS_PER_DAY
        people, place = np.unique(self.other[is_seen], return_inverse=True)
        n = len(people)
        paid = np.bincount(place, self.is_paid[is_seen], n) > 0
        paying = np.bincount(place, ~self.is_paid[is_seen], n) > 0
        count = np.bincount(place, minlength=n)
        first = np.full(n, as_of, np.int64)
        np.minimum.at(first, place, self.time[is_seen])
        new = int((first >= as_of - BIN_DAYS * MICROS_PER_DAY).sum())
        # table: the five features
        return (
            float(paid.sum()),
            float(paying.sum()),
            _share((paid & paying).sum(), n),
            _share(count.max(initial=0), count.sum()),
            _share(new, n),
        )


@dataclass(frozen=True)
class _Links:
    """Who pays whom, each pair once with the moment from which it is known, by (person, other)."""

    person: np.ndarray
    other: np.ndarray
    since: np.ndarray

    @classmethod
    def of(cls, rows: EventArrays, person: np.ndarray, as_of: int, *, is_paid: bool) -> _Links:
        """Return whom people pay, or who pays them, as far as it is known at a moment."""
        columns = rows.columns
        since = np.maximum(columns["event_time"], columns["known_time"])
        at = np.flatnonzero((since < as_of) & (columns["is_paid"] == is_paid))
        # numpy's lexsort takes the last key first: of each pair the earliest moment comes first.
        order = at[np.lexsort((since[at], columns["other"][at], person[at]))]
        links = cls(person[order], columns["other"][order], since[order])
        is_first = np.ones(len(order), bool)
        is_first[1:] = (np.diff(links.person) != 0) | (np.diff(links.other) != 0)
        return links.taken(is_first)

    def taken(self, at: np.ndarray) -> _Links:
        """Return the links at these places, or where a mask holds."""
        return _Links(self.person[at], self.other[at], self.since[at])


def _circles(
    mine: EventArrays, person: int, as_of: int, rows: RowsOfOthers
) -> tuple[float, float, float]:
    """Return payers of the busiest payee, circles of three so far, and those of the last month."""
    me = np.full(len(mine), person)
    payees = _Links.of(mine, me, as_of, is_paid=True)
    if not len(payees.other):
        return 0.0, 0.0, 0.0
    payers = _Links.of(mine, me, as_of, is_paid=False)
    theirs = rows.ties_of(payees.other.tolist())
    owner = theirs.columns["person"]
    paying = _Links.of(theirs, owner, as_of, is_paid=False)
    busiest = np.unique(paying.person, return_counts=True)[1].max(initial=0)
    # The circle: the person pays the payee, who pays a third one, who pays the person.
    paid = _Links.of(theirs, owner, as_of, is_paid=True)
    circles = paid.taken(np.isin(paid.other, payers.other) & (paid.other != person))
    begun = payees.since[np.searchsorted(payees.other, circles.person)]
    closed = payers.since[np.searchsorted(payers.other, circles.other)]
    moments = np.maximum(np.maximum(begun, closed), circles.since)
    return float(busiest), float(len(moments)), float((moments >= as_of - MONTH).sum())


# Devices and addresses.


def _shared(
    asked: frozenset[str], person: int, as_of: int, logins: EventArrays, rows: RowsOfOthers
) -> dict[str, float]:
    found: dict[str, float] = {}
    for column, shared, hour in zip((DEVICE, ADDRESS), SHARED, CLUSTERED, strict=True):
        is_on = logins.nulls[column] == 0
        if column == ADDRESS:
            is_on &= logins.columns["network"] != _MOBILE
        own = logins.taken(np.flatnonzero(is_on))
        uses = _Uses(column, person, as_of, own, rows)
        met = _ADDRESSES if column == ADDRESS else _MET
        if asked & {met, shared.name} or (column == DEVICE and asked & {_NEW, _TOGETHER}):
            people = uses.people()
            everybody = set().union(*people) - {person}
            found[met] = float(len(everybody))
            # A person who shares nothing has 1: the person.
            found[shared.name] = float(max(map(len, people), default=0) or 1)
            if column == DEVICE and asked & {_NEW, _TOGETHER}:
                found[_NEW], found[_TOGETHER] = _begun(everybody, person, as_of, rows)
        if hour.name in asked:
            found[hour.name] = uses.of_the_hour()
    return found


class _Uses:
    """Who uses the devices, or the addresses, of one person."""

    def __init__(
        self, column: str, person: int, as_of: int, own: EventArrays, rows: RowsOfOthers
    ) -> None:
        self._column = column
        self._person = person
        self._as_of = as_of
        self._own = own
        self._rows = rows
        self._found: dict[int, EventArrays] = {}

    def people(self) -> list[set[int]]:
        """Return everybody of the last 30 days, the person too, by each identifier of theirs."""
        since = self._as_of - CO_USE_DAYS * MICROS_PER_DAY
        found = []
        for identifier in self._mine(since):
            uses = self._of(identifier)
            is_seen = _seen(uses, self._as_of, since)
            users = set(np.unique(uses.columns["applicant_id"][is_seen]).tolist())
            if self._column == ADDRESS:
                users -= set(self._rows.refusers(users, self._as_of))
            found.append(users)
        return found

    def of_the_hour(self) -> float:
        """Return the most people who apply within the hour on one identifier, the person too."""
        most = 1
        for identifier in self._mine(self._as_of - HOUR):
            uses = self._of(identifier)
            people = set(uses.columns["applicant_id"].tolist()) - {self._person}
            applying = {self._person}
            for other, moment in self._rows.applied(people, self._as_of - HOUR, self._as_of):
                is_theirs = uses.columns["applicant_id"] == other
                if (_seen(uses, moment, moment - HOUR) & is_theirs).any():
                    applying.add(other)
            most = max(most, len(applying))
        return float(most)

    def _mine(self, since: int) -> list[int]:
        is_seen = _seen(self._own, self._as_of, since)
        found: list[int] = np.unique(self._own.columns[self._column][is_seen]).tolist()
        return found

    def _of(self, identifier: int) -> EventArrays:
        if identifier not in self._found:
            self._found[identifier] = self._rows.uses(self._column, identifier)
        return self._found[identifier]


def _begun(
    people: Collection[int], person: int, as_of: int, rows: RowsOfOthers
) -> tuple[float, float]:
    """Return shares of the people met on devices: the new ones, and those who began together."""
    moments = [moment for one in people if (moment := rows.begun(one)) is not None]
    moments = [moment for moment in moments if moment < as_of]
    new = sum(moment >= as_of - CO_USE_DAYS * MICROS_PER_DAY for moment in moments)
    together = 0
    mine = rows.begun(person) if moments else None
    if mine is not None and mine < as_of:
        together = sum(abs(moment - mine) <= TOGETHER_HOURS * HOUR for moment in moments)
    return _share(new, len(moments)), _share(together, len(moments))


def _seen(rows: EventArrays, as_of: int, since: int) -> np.ndarray:
    """Return which rows are seen as of a moment, and happened since another one."""
    columns = rows.columns
    is_visible = visible(columns["event_time"], columns["known_time"], as_of)
    return np.asarray(is_visible & (columns["event_time"] >= since))


def _share(top: float, bottom: float) -> float:
    """Return top / bottom; null where there is nothing."""
    return float(top) / float(bottom) if bottom else float("nan")
