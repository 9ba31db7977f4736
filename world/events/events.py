"""The tools of the emitters: how draws become a raw table.

A `Chunk` is a slice of the world. Functions sample moments, sort events and build the Arrow table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from creditloom.features.contract.column import Column
from creditloom.features.contract.tables import TABLES, Table
from creditloom.world.calendar import AFTER_DAYS, DAY_SECONDS, DAY_US, HISTORY_DAYS, Days
from creditloom.world.config.config_types import Strengths
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.events.event_loops import scattered
from creditloom.world.world import Setting, World

# Event ids of a chunk start at chunk * ID_STEP: more than a chunk can have rows.
ID_STEP = 10**9
YEAR_DAYS = 365.25
# Bits of the time in a sort key: 41 for milliseconds since 1970 (until 2039) and 2 for the tag.
KEY_BITS = 43
TAG_BITS = 2
# A column of a raw table: its values, or (values, is_null).
Draws = np.ndarray | tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Chunk:
    """A contiguous range of a world's people: places `first` to `last` (exclusive).

    `index` is its number among the chunks of all communities. Arrays that its methods return are
    local: one value per person of the chunk. `stated` are columns of the applications that an
    emitter of events knows: it fills them, and the applications are written last.
    """

    world: World
    index: int
    first: int
    last: int
    stated: dict[str, Draws] = field(default_factory=dict)

    @property
    def rows(self) -> slice:
        """Where the chunk lies in the arrays of the world."""
        return slice(self.first, self.last)

    @property
    def size(self) -> int:
        """Number of people."""
        return self.last - self.first

    @property
    def first_id(self) -> int:
        """The applicant_id of its first person."""
        return self.world.first + self.first

    @property
    def ids(self) -> np.ndarray:
        """The applicant_id of each person."""
        return np.arange(self.first_id, self.first_id + self.size, dtype=np.int64)

    @property
    def setting(self) -> Setting:
        """The setting of the world."""
        return self.world.setting

    @property
    def nature(self) -> WorldConfig:
        """The numbers of world.yaml."""
        return self.world.setting.nature

    @property
    def days(self) -> Days:
        """The calendar of the world."""
        return self.world.setting.days

    @property
    def life_kind(self) -> np.ndarray:
        """Kind of life shock of each person, -1 where none comes."""
        return self.world.life.kind[self.rows]

    def is_shocked(self, person: np.ndarray, time_us: np.ndarray) -> np.ndarray:
        """Return whether each event falls into the months of its person's life shock."""
        months = self.nature.hazard.life_shock_months
        return self.world.life.is_active(self.first + person, time_us, months)

    def inflow_factor(self, time_us: np.ndarray) -> np.ndarray:
        """Return the factor of the economy on incomes at each moment; below 1 in a bad month."""
        days = self.days
        first_day = int(days.vintages[0]) // DAY_US
        by_day = days.month_by_day
        # Months of the path count from the first vintage.
        month = by_day[time_us // DAY_US - days.origin] - by_day[first_day - days.origin]
        path = self.setting.economy.at(month)
        return np.asarray(np.exp(self.nature.economy.inflow * path))

    def rng(self, module: str) -> np.random.Generator:
        """Return the stream of random numbers of one module for this chunk."""
        return self.world.setting.rng(module, self.index)

    def of(self, name: str) -> np.ndarray:
        """Return one array of `People` for these applicants."""
        return np.asarray(getattr(self.world.people, name))[self.rows]

    def linear(self, stream: str, concept: str) -> np.ndarray:
        """Return level + slope x state + habit x talk, per applicant."""
        strengths: Strengths = self.nature.stream(stream)
        of_state = strengths.slope * self.world.concept(concept)[self.rows]
        return strengths.level + of_state + strengths.habit * self.of("talk")

    def segment(self, field: str) -> np.ndarray:
        """Return one number of the segment, per applicant."""
        by_segment = np.array([getattr(segment, field) for segment in self.nature.segments])
        return by_segment[self.of("segment")]

    def contact_of(self, stamps: Stamps, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return a contact per event, and whether that edge was there by the time of the event.

        The contact is the applicant_id of someone of the person's own list, most often one of the
        oldest. Who has no list gets a meaningless id and False.
        """
        graph = self.world.graph
        start = graph.start[self.first : self.last]
        size = np.diff(graph.start[self.first : self.last + 1])[stamps.person]
        # A list is in order of age. A power of a uniform draw prefers its beginning: the circle of
        # those whom one meets is no wider for who knows many. A place beyond a short list begins
        # it anew.
        numbers = self.nature.contacts
        place = rng.random(stamps.size) ** numbers.closeness * numbers.longest_list
        edge = start[stamps.person] + place.astype(np.int64) % np.maximum(size, 1)
        # The place of an empty list at the very end lies behind the last edge.
        edge = np.minimum(edge, graph.contact.size - 1)
        is_known = (size > 0) & (graph.made_us[edge] < stamps.time)
        return self.world.first + graph.contact[edge], is_known

    @property
    def window(self) -> tuple[np.ndarray, np.ndarray]:
        """First and last moment of each person's events, microseconds.

        The account of a fraud is young, so the window is short.
        """
        as_of = self.of("as_of")
        days = np.where(self.of("is_fraud"), self.nature.fraud.account_days, HISTORY_DAYS)
        return as_of - (days * DAY_US).astype(np.int64), as_of + AFTER_DAYS * DAY_US


@dataclass(frozen=True)
class Stamps:
    """Events in order of person and time.

    `person` is the place in the chunk, `time` microseconds.
    """

    person: np.ndarray
    time: np.ndarray

    @property
    def size(self) -> int:
        """Number of events."""
        return int(self.time.size)

    def where(self, rows: np.ndarray) -> Stamps:
        """Return only some events; `rows` is a mask or row numbers."""
        return Stamps(self.person[rows], self.time[rows])


def in_order(
    person: np.ndarray, time: np.ndarray, tag: np.ndarray | None = None
) -> tuple[Stamps, np.ndarray]:
    """Return events sorted by person and time in whole milliseconds, and their tags.

    A small `tag` (0-3) travels with each event. Of equal moments the smaller tag comes first.

    >>> stamps, tag = in_order(np.array([1, 0]), np.array([5_000, 9_999]), np.array([3, 2]))
    >>> stamps.person.tolist(), stamps.time.tolist(), tag.tolist()
    ([0, 1], [9000, 5000], [2, 3])
    """
    # Person, time and tag share one integer: a sort of one key in place is several times faster
    # than a sort of three.
    time_and_tag = time // 1000 << TAG_BITS
    key = (person.astype(np.int64) << KEY_BITS) | time_and_tag | (0 if tag is None else tag)
    key.sort()
    sorted_time = ((key & ((1 << KEY_BITS) - 1)) >> TAG_BITS) * 1000
    return Stamps(key >> KEY_BITS, sorted_time), key & ((1 << TAG_BITS) - 1)


def scatter(
    chunk: Chunk, per_year: np.ndarray, cumulative: np.ndarray, rng: np.random.Generator
) -> Stamps:
    """Return Poisson events over each person's window.

    Days follow the season `cumulative`, times of the day `DAY_SECONDS`. `per_year` is the rate of
    each person.
    """
    return scatter_two(chunk, per_year[None, :], cumulative, rng)[0]


def scatter_two(
    chunk: Chunk, per_year: np.ndarray, cumulative: np.ndarray, rng: np.random.Generator
) -> tuple[Stamps, np.ndarray]:
    """Return the events of two streams (2 x people) in one order, as `scatter` does.

    The tag is 1 for an event of the second stream.
    """
    start, end = chunk.window
    low = chunk.days.weight_at(cumulative, start)
    high = chunk.days.weight_at(cumulative, end)
    rates = per_year / YEAR_DAYS * (high - low)
    person, time, tag = scattered(
        rng, rates, low, high - low, cumulative, chunk.days.origin, DAY_SECONDS
    )
    return Stamps(person, time), tag


def rounds(chunk: Chunk, per_year: float, rng: np.random.Generator) -> Stamps:
    """Return regular events.

    There is one in each of equal steps back from the end of the window, at a random moment of its
    step.
    """
    step = YEAR_DAYS * DAY_US / per_year
    start, end = chunk.window
    # Steps for the longest window; who has a shorter one loses the first of them.
    n = int(np.ceil((HISTORY_DAYS + AFTER_DAYS) * DAY_US / step))
    back = (np.arange(n, 0, -1) - rng.random((chunk.size, n))) * step
    time = end[:, None] - back.astype(np.int64)
    person = np.repeat(np.arange(chunk.size), n)
    stamps = Stamps(person, time.ravel())
    return stamps.where(stamps.time >= start[person])


def flip(probability: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return True with the given probability, each."""
    # float32 draws cost half the time; 24 bits are enough for a yes or no.
    return rng.random(probability.size, dtype=np.float32) < probability


def fen(cny: np.ndarray) -> np.ndarray:
    """Return yuan as whole fen, at least one.

    >>> fen(np.array([1.234, 0.0])).tolist()
    [123, 1]
    """
    return np.maximum(np.rint(cny * 100.0), 1.0).astype(np.int64)


def table(chunk: Chunk, name: str, stamps: Stamps, **columns: Draws) -> pa.Table:
    """Return the raw table `name`.

    Text columns come as codes into the column's allowed values. A pair (values, is_null) gives
    nulls. Each row is known a fixed lag after it happened (`lags_days` of world.yaml).
    """
    lag = int(chunk.nature.lags_days[name] * DAY_US)
    keys: dict[str, Draws] = {
        "event_id": chunk.index * ID_STEP + np.arange(stamps.size, dtype=np.int64),
        "applicant_id": chunk.first_id + stamps.person,
        "event_time": stamps.time,
        "known_time": stamps.time + lag,
    }
    return arrow(TABLES[name], {**keys, **columns})


def arrow(declared: Table, columns: Mapping[str, Draws]) -> pa.Table:
    """Return the Arrow table in the declared order and types, with text as dictionary.

    An optional column that is not given is not there.
    """
    present = [
        column for column in declared.columns if column.name in columns or not column.optional
    ]
    arrays = [_array(column, columns[column.name]) for column in present]
    fields = [
        pa.field(column.name, array.type, nullable=column.nullable)
        for column, array in zip(present, arrays, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _array(column: Column, draws: Draws) -> pa.Array:
    values, is_null = draws if isinstance(draws, tuple) else (draws, None)
    if column.among:
        codes = pa.array(np.asarray(values, dtype=np.int8), mask=is_null)
        return pa.DictionaryArray.from_arrays(codes, pa.array(column.among))
    if column.type == pa.timestamp("us"):
        return pa.array(np.asarray(values).view("datetime64[us]"), mask=is_null)
    if isinstance(values, pa.Array):
        return values
    typed = np.asarray(values).astype(column.type.to_pandas_dtype(), copy=False)
    return pa.array(typed, mask=is_null)


# The bureau score's column: its range bounds what a drift makes of it.
SCORE = next(one for one in TABLES["bureau_snapshots"].columns if one.name == "bureau_score")


def drifted(chunk: Chunk, family: str, tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the tables of a family as a drift of `world.switches` leaves them.

    Rows are left out or a column is moved after all is drawn: what stays is byte for byte the same.
    """
    drift = chunk.setting.params.switches.drift
    is_hit = chunk.world.drift.is_hit[chunk.rows]
    if drift == "family_null" and family == chunk.nature.switches.drift_null_family:
        return {
            name: table.filter(pa.array(~_of_rows(chunk, table, is_hit)))
            for name, table in tables.items()
        }
    if drift == "shift" and family == "bureau":
        rows = tables["bureau_snapshots"]
        moved = _raised(chunk, rows, is_hit)
        at = rows.column_names.index(SCORE.name)
        return {**tables, "bureau_snapshots": rows.set_column(at, rows.field(at), moved)}
    return tables


def _of_rows(chunk: Chunk, table: pa.Table, flags: np.ndarray) -> np.ndarray:
    """Return the flag of the person of each row."""
    return flags[table.column("applicant_id").to_numpy() - chunk.first_id]


def _raised(chunk: Chunk, rows: pa.Table, is_hit: np.ndarray) -> pa.Array:
    """Return the bureau scores, those of the hit raised by a share of the SD between people."""
    spread = np.nanstd(chunk.world.file.bureau_score)
    points = np.rint(chunk.nature.switches.drift_shift_sd * spread)
    # Null is NaN in numpy.
    scores = rows.column(SCORE.name).cast(pa.float64()).to_numpy()
    # The bureau's scale ends there.
    raised = np.clip(scores + points * _of_rows(chunk, rows, is_hit), SCORE.low, SCORE.high)
    is_null = np.isnan(raised)
    whole = np.where(is_null, 0.0, raised).astype(SCORE.type.to_pandas_dtype())
    return pa.array(whole, SCORE.type, mask=is_null)
