"""The types that features are declared in: family x measure x slice x aggregate x window.

A family module declares `Stream`s (a raw table with its slices and measures) and `AggregateBlock`s
(which aggregates of which slices over which windows, for which concept). `declare.registry` turns
them into one `FeatureSpec` per feature, with its name, texts, unit and meaning of null.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..contract.tables import Column, Table

# The windows that most blocks ask for.
FROM_1M = ("1m", "3m", "6m", "12m")
FROM_3M = ("3m", "6m", "12m")
AT_3M_12M = ("3m", "12m")


@dataclass(frozen=True)
class RowCondition:
    """One condition on a column: one of `values`, or within [`low`, `high`].

    Both bounds are inclusive; a null fails.
    """

    column: str
    values: tuple[str | bool | int, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Slice:
    """A named part of a stream's events: those that meet all conditions.

    `en` and `zh` are plural noun phrases. `one` is a single one of them in English, `were` what a
    share of them is said to have been, `you` the phrase in a sentence to the person; each is made
    of `en` where it is empty. `source` asks for what these events show; it goes before that of the
    measure and of the concept.
    """

    name: str
    en: str
    zh: str
    where: tuple[RowCondition, ...] = ()
    source: str = ""
    one: str = ""
    were: str = ""
    you: str = ""


@dataclass(frozen=True)
class Measure:
    """A number per event: `form` over `columns`, shown divided by `per`.

    `event_columns.FORMS` has the forms. An event whose measure is null is left out.
    Form `id` compares `columns[0]` for equality only: how many devices, which of them mostly, how
    often changed. `source` asks for this number; it goes before that of the concept. `you` is the
    English phrase in a sentence to the person, `en` where it is empty.
    """

    name: str
    unit: str
    en: str
    zh: str
    columns: tuple[str, ...]
    form: str = "plain"
    per: float = 1.0
    source: str = ""
    you: str = ""


@dataclass(frozen=True)
class FeatureWording:
    """The words of some features of a stream that the templates of their aggregate do not suit.

    It holds for an aggregate of a measure ("" where there is none) and of `slices`, of any slice
    where that is empty. `en` and `zh` are the texts, `say_en` and `say_zh` the clauses.
    """

    aggregate: str
    measure: str
    slices: tuple[str, ...]
    en: str
    zh: str
    say_en: str
    say_zh: str

    def is_of(self, aggregate: str, measure: str, name: str) -> bool:
        """Return whether these are the words of an aggregate of a measure of a slice."""
        is_same = (self.aggregate, self.measure) == (aggregate, measure)
        return is_same and (not self.slices or name in self.slices)


@dataclass(frozen=True)
class Stream:
    """How one raw table is read.

    `has_memory` keeps events older than twelve months, for the window `ever`. `counter` is the
    Chinese word that counts its events. The first of `wordings` that suits a feature is used.
    """

    table: Table
    slices: tuple[Slice, ...]
    measures: tuple[Measure, ...] = ()
    has_memory: bool = False
    counter: str = "次"
    wordings: tuple[FeatureWording, ...] = ()

    def slice(self, name: str) -> Slice:
        """Return the slice of that name. Raises KeyError where there is none."""
        return self._slices[name]

    def measure(self, name: str) -> Measure:
        """Return the measure of that name. Raises KeyError where there is none."""
        return self._measures[name]

    def wording(self, aggregate: str, measure: str, name: str) -> FeatureWording | None:
        """Return the words of an aggregate of a measure of a slice, None where it has none."""
        suited = (one for one in self.wordings if one.is_of(aggregate, measure, name))
        return next(suited, None)

    # Looked up some hundred times for one person: each dictionary is made once.
    @cached_property
    def _slices(self) -> dict[str, Slice]:
        return {one.name: one for one in self.slices}

    @cached_property
    def _measures(self) -> dict[str, Measure]:
        return {one.name: one for one in self.measures}

    @cached_property
    def columns_read(self) -> tuple[Column, ...]:
        """The columns that the slices and measures name, in the table's order."""
        of_slices = {condition.column for part in self.slices for condition in part.where}
        of_measures = {column for measure in self.measures for column in measure.columns}
        names = of_slices | of_measures
        return tuple(column for column in self.table.columns if column.name in names)

    @cached_property
    def strings(self) -> dict[str, tuple[str, ...]]:
        """The allowed values of the strings that are read: they are stored as their index."""
        return {column.name: column.among for column in self.columns_read}


@dataclass(frozen=True)
class AggregateBlock:
    """One aggregate of some slices over some windows: the unit of declaration.

    `over` is the slice to compare with. `consent` is a consent needed beside the table's own.
    `direction` is the sign imposed on the log-odds of default, 0 where the sources support none.
    `source` names the rules that ask for it.
    `level` is a published threshold for monthly totals, in the measure's unit.
    """

    concept: str
    aggregate: str
    slices: tuple[str, ...]
    windows: tuple[str, ...]
    measure: str = ""
    over: str = ""
    direction: int = 0
    consent: str = ""
    source: str = ""
    level: float = 0.0


@dataclass(frozen=True)
class FeatureSpec:
    """One feature as the catalogue describes it, with the raw table it is made from.

    `consent` is what a feature made of other people's rows needs beside its table's consent, `also`
    the tables that it is made of beside `table`.
    """

    name: str
    family: str
    concept: str
    measure: str
    slice: str
    aggregate: str
    window: str
    unit: str
    direction: int
    null_meaning: str
    text_en: str
    text_zh: str
    source: str
    table: str
    consent: str = ""
    also: tuple[str, ...] = ()
    high_en: str = ""
    high_zh: str = ""
    low_en: str = ""
    low_zh: str = ""
    is_sayable: bool = True
    is_actionable: bool = False


@dataclass(frozen=True)
class Ratio:
    """A feature made of two others, possibly of two families: `top / bottom`.

    It is null where the bottom is 0 or either feature is null.
    """

    spec: FeatureSpec
    top: str
    bottom: str


@dataclass(frozen=True)
class Mark:
    """A flag made of another feature: 1 where that lies within [`low`, `high`], else 0.

    It is null where the feature is null.
    """

    spec: FeatureSpec
    of: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class FeatureConcept:
    """A reason concept: what a group of features says about a person.

    A hint is what the person may do; it is empty where no advice fits. `source` is that of its
    features that name none of their own.
    """

    id: str
    text_en: str
    text_zh: str
    hint_en: str = ""
    hint_zh: str = ""
    source: str = "domain 7.4"


@dataclass(frozen=True)
class Family:
    """One family: the prefix of its names, its concepts, and its streams with their blocks.

    `snapshot` holds its features that are made of other people's rows.
    """

    name: str
    prefix: str
    concepts: tuple[FeatureConcept, ...]
    streams: tuple[tuple[Stream, tuple[AggregateBlock, ...]], ...]
    snapshot: tuple[FeatureSpec, ...] = ()


def is_(column: str, *values: str | bool | int) -> RowCondition:
    """Return the condition that the column holds one of `values`."""
    return RowCondition(column, values)


def between(column: str, low: float | None = None, high: float | None = None) -> RowCondition:
    """Return the condition that the column lies within the bounds, both inclusive."""
    return RowCondition(column, (), low, high)
