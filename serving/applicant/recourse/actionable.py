"""What a person can change, as changes of raw rows: what recourse may propose, and nothing else.

`actionable.yaml` holds the list. Every other column of the raw tables stands there too, with the
reason why it is never proposed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from creditloom.features.contract.raw_changes import Cell
from creditloom.features.contract.tables import APPLICATIONS, EVENT_TABLES

TABLES = {table.name: table for table in (*EVENT_TABLES, APPLICATIONS)}
# Columns that are no quantity: they say whose row it is, and when it happened.
KEYS = ("event_id", "applicant_id", "event_time", "known_time", "application_id", "as_of")

ActionKind = Literal[
    "at_most",
    "at_least",
    "at_least_share",
    "scale",
    "level",
    "drop",
    "add_months",
    "add_kinds",
    "set",
    "take",
]
WhyNever = Literal[
    "immutable", "protected", "gaming", "fraud", "third_party", "privacy", "untruthful"
]
# Actions that set a cell to the step's number, and those that read another column.
WITH_NUMBER = ("at_most", "at_least", "at_least_share", "scale", "level")
WITH_OTHER = ("at_least_share", "take")
# Actions on the rows of a table of events, and on the own application.
ADDING = ("add_months", "add_kinds")


@dataclass(frozen=True)
class DatedNumber:
    """A number with its unit, and where it comes from."""

    value: float
    unit: str
    source: str = ""
    note: str = ""


@dataclass(frozen=True)
class Step:
    """How far a quantity is changed: to what, and over how many months back (0 = at once)."""

    months: int
    to: float | None = None


@dataclass(frozen=True)
class Quantity:
    """One thing that a person can change; `actionable.yaml` says what each field means.

    `measure` is a column of the matrix, "" = a yes or no. Raises ValueError where the contract has
    no such table or column, or where an action lacks what it needs.
    """

    id: str
    table: str
    action: ActionKind
    steps: tuple[Step, ...]
    en: str
    zh: str
    source: str
    column: str = ""
    of: str = ""
    to: Cell | None = None
    where: dict[str, tuple[Cell, ...]] = field(default_factory=dict)
    values: dict[str, Cell] = field(default_factory=dict)
    own_typical: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    measure: str = ""
    spread: DatedNumber | None = None
    show: Literal["number", "percent", "fen"] = "number"

    def __post_init__(self) -> None:
        if self.table not in TABLES:
            raise ValueError(f"`{self.id}`: expected a raw table, got `{self.table}`")
        known = {column.name for column in TABLES[self.table].columns} - set(KEYS)
        named = {self.column, self.of, *self.where, *self.values, *self.own_typical} - {""}
        if named - known:
            raise ValueError(
                f"`{self.id}`: expected columns of {self.table} ({', '.join(sorted(known))}), "
                f"got {', '.join(sorted(named - known))}"
            )
        if not self.steps:
            raise ValueError(f"`{self.id}`: expected at least one step, got none")
        self._check_action()
        if self.measure and (self.spread is None or self.spread.value <= 0):
            raise ValueError(f"`{self.id}`: a measure needs a spread above 0")

    def _check_action(self) -> None:
        """Raise ValueError where the action lacks what it needs, or a step what it says."""
        numbered = self.action in WITH_NUMBER
        if any((step.to is not None) != numbered for step in self.steps):
            raise ValueError(f"`{self.id}`: expected `to` in each step of {', '.join(WITH_NUMBER)}")
        if any(step.months < 0 for step in self.steps):
            raise ValueError(f"`{self.id}`: expected months of 0 or more")
        if (self.action in WITH_OTHER) != bool(self.of):
            raise ValueError(f"`{self.id}`: expected `of` for {', '.join(WITH_OTHER)} alone")
        if not self.column and self.action not in ("drop", "add_months"):
            raise ValueError(f"`{self.id}`: action {self.action} needs a column")
        is_own = self.action in ("set", "take")
        if is_own and self.table != APPLICATIONS.name:
            raise ValueError(f"`{self.id}`: {self.action} changes the own application alone")
        if (self.action == "set") != (self.to is not None):
            raise ValueError(f"`{self.id}`: expected `to` of the quantity for action set alone")

    @property
    def changed_columns(self) -> frozenset[str]:
        """The columns whose cells it changes; empty where it adds or drops whole rows."""
        return frozenset() if self.action in (*ADDING, "drop") else frozenset({self.column})


@dataclass(frozen=True)
class Never:
    """Columns of a table that recourse never changes, and why."""

    why: WhyNever
    table: str
    columns: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Actionable:
    """The content of actionable.yaml.

    Raises ValueError for an id that stands twice, and for a column that is neither changed by a
    quantity nor said never to be, or both.
    """

    max_changes: DatedNumber
    better_limit: DatedNumber
    quantities: tuple[Quantity, ...]
    never: tuple[Never, ...]

    def __post_init__(self) -> None:
        ids = [one.id for one in self.quantities]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"quantities: expected each id once, got `{twice[0]}` twice")
        changed = {(q.table, name) for q in self.quantities for name in touched(q)}
        fixed = {(one.table, name) for one in self.never for name in one.columns}
        both = sorted(changed & fixed)
        if both:
            raise ValueError(f"{'.'.join(both[0])}: expected changed or never changed, got both")
        everything = {
            (table.name, column.name)
            for table in TABLES.values()
            for column in table.columns
            if column.name not in KEYS
        }
        open_columns = sorted(everything - changed - fixed)
        if open_columns or fixed - everything:
            wrong = (open_columns or sorted(fixed - everything))[0]
            raise ValueError(
                f"{'.'.join(wrong)}: expected each column of the raw tables to be changed by a "
                "quantity or to stand in `never`, with the reason"
            )

    @cached_property
    def by_id(self) -> dict[str, Quantity]:
        """The quantities by their ids."""
        return {one.id: one for one in self.quantities}

    def of_table(self, table: str) -> tuple[Quantity, ...]:
        """Return the quantities that change rows of a table."""
        return tuple(one for one in self.quantities if one.table == table)


def touched(quantity: Quantity) -> set[str]:
    """Return the columns that a quantity stands for: those it changes, fills or chooses rows by."""
    if quantity.changed_columns:
        return set(quantity.changed_columns)
    return {*quantity.where, *quantity.values, *quantity.own_typical, quantity.column} - {""}
