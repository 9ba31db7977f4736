"""The columns that a decision reads: which kind each is, its bounds, and the consent it needs.

Every door reads this one declaration: batch, Python, MLflow, REST and Spark.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np

from ..base.catalogue import Catalogue, Feature
from ..base.errors import DecisionError
from ..base.layout import Layout
from ..base.readings.moments import DAYS, DateReading
from ..base.readings.text_numbers import TextReading
from ..rulebook.condition import FLAG_FACTS, OPTIONAL

ID = "application_id"
AS_OF = "as_of"
# How a feature's column is named in a block where its own name is that of the id.
FENCED = {ID: f"feature {ID}"}
# Amounts of money are whole fen, 1/100 CNY.
AMOUNTS = (
    "verified_income_fen",
    "debt_service_fen",
    "card_limits_fen",
    "wealth_fen",
    "annual_volume_fen",
    "exposure_fen",
)
COUNTS = ("age_years", "months_on_book", "hard_enquiries_90d")
FLAGS = (
    "is_student",
    "has_second_source",
    "is_repeat",
    "consent_bureau",
    "consent_social",
    "consent_assets",
    "consent_location",
)
POLICY_INPUTS = (AS_OF, "purpose", *AMOUNTS, *COUNTS, *FLAGS)
# Families of features that need a consent of their own (R6).
CONSENTED = {
    "social_graph": "consent_social",
    "assets": "consent_assets",
    "bureau": "consent_bureau",
}
# Concepts of other families that need one: where a person stays, but not which device it is.
CONSENTED_CONCEPTS = {"location_constancy": "consent_location"}
# table: policy inputs and facts that need a consent (R6, domain 0.9). Without it they count as not
# known. The person's own statements and the house's own records need none.
CONSENTED_INPUTS = {
    "hard_enquiries_90d": "consent_bureau",  # of the bureau's statement, as all of its family
    "bureau_score": "consent_bureau",
    "active_lenders": "consent_bureau",
    "past_overdues": "consent_bureau",
    "ontime_share": "consent_bureau",  # of the bureau's rows about this lender
    "wealth_fen": "consent_assets",
    "daily_balance_fen": "consent_assets",
    "has_wealth_product": "consent_assets",
    "friends_count": "consent_social",
    "is_remote_login": "consent_location",
    "is_new_region_90d": "consent_location",
    "ip_applicants_30d": "consent_location",  # an address says where a person is
    "ip_applications_1h": "consent_location",
    "zhima_score": "consent_zhima",  # S1-R06: only with consent, never imputed
}
# Above these a value is taken for one in another unit. Amounts are in fen: 1e15 are 10 tn CNY.
HIGHEST = {
    **dict.fromkeys(AMOUNTS, 1e15),
    "age_years": 130.0,
    "months_on_book": 1_560.0,
    "hard_enquiries_90d": 10_000.0,
}
# The first version of a catalogue whose doors read a decimal as the nearest float64. Before, those
# of Arrow did by its own cast, which misses it by the last bit in a third of all decimals.
NEAREST_DECIMALS = 2
InputKind = Literal["id", "time", "number", "flag", "text"]
NUMERIC: tuple[InputKind, ...] = ("number", "flag")
# Every finite number lies between these two; an infinite one does not.
MAX = float(np.finfo(np.float64).max)
# Frames differ little from call to call; so many shapes of them are remembered as checked.
REMEMBERED_SHAPES = 8


@dataclass(frozen=True)
class InputColumn:
    """One column that the decision reads; all but the id may be null in a row.

    `low` and `high` are the smallest and the largest valid value, inclusive. `consent` names the
    flag without which the column must be null. A category may hold numbers beside text. `source` is
    the column of the frame where it has another name there, as the id of a user's own table.
    `reading` is how its texts become numbers, as training read them, and `dates` how they become
    moments: of a number, its value is the days from that date to as_of. `is_nearest` reads a
    decimal as the nearest float64. `is_any_past` takes a moment however long ago.
    """

    name: str
    kind: InputKind
    low: float | None = None
    consent: str | None = None
    high: float | None = None
    is_category: bool = False
    source: str = ""
    reading: TextReading | None = None
    is_nearest: bool = False
    dates: DateReading | None = None
    is_any_past: bool = False

    @property
    def read_from(self) -> str:
        """The name of the column in the frame."""
        return self.source or self.name

    @property
    def is_days(self) -> bool:
        """Whether it is a number of days from a date of the frame to as_of."""
        return self.dates is not None and self.kind == "number"

    @property
    def told(self) -> str:
        """The name by which a fault of a row tells it: dates have that of the frame."""
        return self.read_from if self.is_days else self.name


def input_columns(
    inputs: Iterable[str],
    catalogue: Catalogue,
    there: Container[str] = (),
    own: Layout | None = None,
) -> tuple[InputColumn, ...]:
    """Return the columns that a bundle reads of a frame that has those of `there`.

    The order is: the id, the policy inputs as declared, the optional facts that are there, the
    columns of the features, by the first feature that reads each. A bundle without policy inputs
    only scores: it asks for no fact either. `own` is the layout of the table that was trained on:
    id and time are then found under its names too, and texts are read as numbers or dates as it
    says.
    """
    policy = tuple(inputs)
    optional = [name for name in OPTIONAL if policy and name in there]
    columns = feature_columns(catalogue, policy, there)
    ids = InputColumn(ID, "id", source=_id_source(own, there, columns))
    facts = [_policy_input(name) for name in (*policy, *optional)]
    if own is not None:
        has_days = any(one.read_from in own.day_readings for one in columns)
        facts = _own_time(facts, own, there, has_days=has_days)
        columns = [_read_as(one, own, there) for one in columns]
    if catalogue.version < NEAREST_DECIMALS:
        return (ids, *facts, *columns)
    return (ids, *(replace(one, is_nearest=True) for one in (*facts, *columns)))


def feature_columns(
    catalogue: Catalogue, policy: tuple[str, ...] = (), there: Container[str] = ()
) -> list[InputColumn]:
    """Return the columns that the features read, each once, by the first one that reads it."""
    found: dict[str, InputColumn] = {}
    for feature in catalogue.features:
        column = _feature(feature, policy, there)
        first = found.setdefault(column.name, column)
        if column.is_category and not first.is_category:
            # Features of one column read it alike: as text where one of them is a category.
            found[column.name] = replace(first, kind="text", is_category=True)
    return [*found.values()]


def _read_as(column: InputColumn, own: Layout, there: Container[str]) -> InputColumn:
    """Return a feature's column with the reading of its texts, or of its dates."""
    if column.kind != "number":
        return column
    dates = own.day_readings.get(column.read_from)
    if dates is None:
        return replace(column, reading=own.readings.get(column.read_from))
    name = DAYS.format(column.read_from)
    # A block that is read again holds the days.
    is_block = name in there
    source = "" if is_block else column.read_from
    return replace(column, name=name, source=source, dates=None if is_block else dates)


def _own_time(
    facts: list[InputColumn], own: Layout, there: Container[str], *, has_days: bool
) -> list[InputColumn]:
    """Return the facts with the moment under the user's own name, where anything reads it.

    `has_days`: a feature is a number of days, which are counted to it.
    """
    if own.time is None:
        return facts
    if has_days and not any(one.kind == "time" for one in facts):
        # A table of one's own may be older than any application of the house.
        facts = [InputColumn(AS_OF, "time", is_any_past=True), *facts]
    source = own.time if own.time in there or AS_OF not in there else ""
    dates = own.time_reading
    moved = [replace(one, source=source, dates=dates) for one in facts]
    return [new if new.kind == "time" else one for one, new in zip(facts, moved, strict=True)]


def feature_name(column: str) -> str:
    """Return the name that a feature's column has in a block: its own, unless that is the id's."""
    return FENCED.get(column, column)


def _id_source(own: Layout | None, there: Container[str], features: Iterable[InputColumn]) -> str:
    """Return the frame's column of ids; "" where it is the house's own name."""
    if own is None or not own.id:
        return ""
    names = [column.name for column in features]
    is_house = ID in there and (FENCED[ID] not in names or FENCED[ID] in there)
    return "" if is_house and own.id not in there else own.id


def _policy_input(name: str) -> InputColumn:
    if name in (*FLAGS, *FLAG_FACTS):
        return InputColumn(name, "flag")
    if name in (*AMOUNTS, *COUNTS, *OPTIONAL):
        return InputColumn(name, "number", low=0.0, high=HIGHEST.get(name))
    return InputColumn(name, "time" if name == AS_OF else "text")


def _feature(feature: Feature, policy: tuple[str, ...], there: Container[str]) -> InputColumn:
    consent = CONSENTED.get(feature.family) or CONSENTED_CONCEPTS.get(feature.concept)
    is_text = bool(feature.categories)
    column = feature.read_column
    name = feature_name(column)
    return InputColumn(
        name,
        "text" if is_text else "number",
        # A consent that the policy does not ask for is not in the table: it cannot be tested.
        consent=consent if consent in policy else None,
        is_category=is_text,
        # A block that is read again has the name of a block.
        source=column if name != column and name not in there else "",
    )


# Compared and hashed by identity: a layout is made once per shape of input, and has thousands of
# columns.
@dataclass(frozen=True, eq=False)
class InputLayout:
    """The columns that a door reads, and the place of each number in the matrix of an input.

    The last `n_features` columns are those of the model's features, by the first that reads each.
    """

    columns: tuple[InputColumn, ...]
    n_features: int

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The same by their names in the frame."""
        return tuple(column.read_from for column in self.columns)

    @cached_property
    def numeric(self) -> tuple[InputColumn, ...]:
        """The numbers and flags, in the order of the matrix's rows."""
        return tuple(column for column in self.columns if column.kind in NUMERIC)

    @cached_property
    def place(self) -> Mapping[str, int]:
        """The row of the matrix that holds each numeric column."""
        places: dict[str, int] = {}
        for k, column in enumerate(self.numeric):
            places.setdefault(column.name, k)
        return places

    @cached_property
    def days(self) -> tuple[tuple[int, InputColumn], ...]:
        """The columns of days, made of a date and as_of, with their rows in the matrix."""
        return tuple((k, column) for k, column in enumerate(self.numeric) if column.is_days)

    @cached_property
    def any_past(self) -> frozenset[str]:
        """The moments that may lie however long ago."""
        return frozenset(column.name for column in self.columns if column.is_any_past)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """The numbers and flags that the policy reads: the first rows of the matrix."""
        own = self.columns[: len(self.columns) - self.n_features]
        return tuple(column.name for column in own if column.kind in NUMERIC)

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest valid value per numeric column."""
        low = [-MAX if column.low is None else column.low for column in self.numeric]
        high = [MAX if column.high is None else column.high for column in self.numeric]
        return np.array(low, np.float64), np.array(high, np.float64)

    @cached_property
    def flag_places(self) -> np.ndarray:
        """The rows of the matrix that hold flags."""
        places = [k for k, column in enumerate(self.numeric) if column.kind == "flag"]
        return np.array(places, dtype=np.int64)

    @cached_property
    def consented(self) -> Mapping[str, tuple[InputColumn, ...]]:
        """Per consent, by name: the columns that must be null without it."""
        # Sorted: a set has no order, and the first fault of a row is the one that is named.
        consents = sorted({column.consent for column in self.columns if column.consent})
        return {c: tuple(one for one in self.columns if one.consent == c) for c in consents}

    @cached_property
    def consented_places(self) -> Mapping[str, np.ndarray]:
        """Per consent: the rows of the matrix that must be null without it."""
        return {
            consent: np.array([self.place[c.name] for c in columns if c.name in self.place], int)
            for consent, columns in self.consented.items()
        }

    def of_kind(self, kind: InputKind) -> tuple[InputColumn, ...]:
        """Return the columns of one kind."""
        return tuple(column for column in self.columns if column.kind == kind)


# Names that may not be processed at all (R7).

# table: phrases that hold a banned word and mean something else: the print of a machine, or the
# state of a system, is no fact about a body
FALSE_FRIENDS = {
    "fingerprint": ("device", "browser", "key", "certificate"),
    "health": ("account", "battery", "device", "portfolio", "service", "system"),
    "illness": (),
}
# Where a word ends inside a name: before a capital that follows a small letter or a digit.
CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def words(name: str) -> tuple[str, ...]:
    """Return the words of a column's name in small letters, without the s of a plural.

    >>> words("Applicant.ReligionCodes_2")
    ('applicant', 'religion', 'code', '2')
    """
    parts = re.split(r"[^0-9a-z]+", CAPITAL.sub(" ", name).lower())
    is_plural = re.compile(r"[a-z]{3,}[^s]s")
    return tuple(part[:-1] if is_plural.fullmatch(part) else part for part in parts if part)


def is_banned(name: str, banned: str) -> bool:
    """Return whether the words of the banned name stand in a column's name one after the other.

    >>> is_banned("Religion", "religion"), is_banned("applicant_religion", "religion")
    (True, True)
    >>> is_banned("general_score", "gene"), is_banned("device_fingerprint", "fingerprint")
    (False, False)
    """
    wanted = words(banned)
    there = words(name)
    places = [k for k in range(len(there)) if there[k : k + len(wanted)] == wanted]
    friends = FALSE_FRIENDS.get(banned, ())
    return any(not (k and there[k - 1] in friends) for k in places)


# Remembered per shape of input: one row must not pay again for what the row before it paid.
@lru_cache(maxsize=REMEMBERED_SHAPES)
def banned_column(
    there: tuple[str, ...], banned: tuple[str, ...], read: frozenset[str]
) -> tuple[str, str] | None:
    """Return the first column that may not be processed, and the banned name; None without one.

    Columns that the decision itself reads (`read`) were judged when the rule book was made.
    """
    found = ((c, b) for c in there if c not in read for b in banned if is_banned(c, b))
    return next(found, None)


@lru_cache(maxsize=REMEMBERED_SHAPES)
def check_columns(there: tuple[str, ...], wanted: tuple[str, ...], banned: tuple[str, ...]) -> None:
    """Raise `DecisionError` for a column that is there twice, missing, or banned (R7)."""
    if len(set(there)) < len(there):
        doubled = min(c for c in there if there.count(c) > 1)
        count = str(there.count(doubled))
        raise refusal("a column is there twice", f"column {doubled}", "one", count)
    missing = sorted(set(wanted) - set(there))
    if missing:
        nearest = difflib.get_close_matches(missing[0], there, n=1)
        hint = f"; nearest is {nearest[0]}" if nearest else ""
        # Five names are enough to see what kind of columns are missing.
        names = ", ".join(missing[:5])
        got = f"no such column{hint} ({len(missing)} missing: {names})"
        raise refusal("a column is missing", f"column {missing[0]}", "a column of this name", got)
    require_not_banned(there, banned, frozenset(wanted))


def require_not_banned(
    there: tuple[str, ...], banned: tuple[str, ...], read: frozenset[str]
) -> None:
    """Raise `DecisionError` for a column that may not be processed at all (R7)."""
    caught = banned_column(there, banned, read)
    if caught:
        column, name = caught
        raise refusal(
            "a column may not be processed at all (R7)",
            f"column {column}",
            f"no {name} data",
            "such a column",
        )


def refusal(what: str, where: str, expected: str, got: str) -> DecisionError:
    """Return the refusal of an input."""
    return DecisionError(
        what,
        where=where,
        expected=expected,
        got=got,
        next_step="correct the input; nothing was decided",
    )
