"""How an emitter turns draws into a raw table: a slice of the world, sampling of moments, sorting and the Arrow table itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from creditloom.features.contract.tables import TABLES, Table
from creditloom.world.calendar import AFTER_DAYS, DAY_SECONDS, DAY_US, HISTORY_DAYS, Days
from creditloom.world.config.config_types import Strengths
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.events.event_loops import scattered
from creditloom.world.world import Setting, World

ID_STEP = 10**9  # event ids of a chunk start at chunk * ID_STEP
YEAR_DAYS = 365.25
Draws = np.ndarray | tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Chunk:
    """A contiguous range of a world's people, places `first` to `last` (exclusive); arrays below are local to it.

    `index` is its number among the chunks of all communities.
    """

    world: World
    index: int
    first: int
    last: int

    @property
    def rows(self) -> slice:
        return slice(self.first, self.last)

    @property
    def size(self) -> int:
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
        return self.world.setting

    @property
    def nature(self) -> WorldConfig:
        return self.world.setting.nature

    @property
    def days(self) -> Days:
        return self.world.setting.days

    @property
    def life_kind(self) -> np.ndarray:
        """Kind of life shock of each person, -1 where none comes."""
        return self.world.life.kind[self.rows]

    def is_shocked(self, person: np.ndarray, time_us: np.ndarray) -> np.ndarray:
        """Whether each event of a person of this chunk falls into the months of a life shock."""
        return self.world.life.is_active(
            self.first + person, time_us, self.nature.hazard.life_shock_months
        )

    def rng(self, module: str) -> np.random.Generator:
        return self.world.setting.rng(module, self.index)

    def of(self, name: str) -> np.ndarray:
        """One array of `People` for these applicants."""
        return np.asarray(getattr(self.world.people, name))[self.rows]

    def linear(self, stream: str, concept: str) -> np.ndarray:
        """level + slope x state, per applicant."""
        strengths: Strengths = self.nature.stream(stream)
        return strengths.level + strengths.slope * self.world.concept(concept)[self.rows]

    def segment(self, field: str) -> np.ndarray:
        """One number of the segment, per applicant."""
        return np.array([getattr(segment, field) for segment in self.nature.segments])[
            self.of("segment")
        ]

    def contact_of(self, stamps: Stamps, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """applicant_id of someone of each person's own list, and whether that edge was there by the time of the event."""
        graph = self.world.graph
        first, size = (
            graph.start[self.first : self.last],
            np.diff(graph.start[self.first : self.last + 1]),
        )
        edge = first[stamps.person] + (rng.random(stamps.size) * size[stamps.person]).astype(
            np.int64
        )
        edge = np.minimum(edge, graph.contact.size - 1)
        return self.world.first + graph.contact[edge], (size[stamps.person] > 0) & (
            graph.made_us[edge] < stamps.time
        )

    @property
    def window(self) -> tuple[np.ndarray, np.ndarray]:
        """First and last moment of each person's events; a fraud's account is young."""
        as_of = self.of("as_of")
        days = np.where(self.of("is_fraud"), self.nature.fraud.account_days, HISTORY_DAYS)
        return as_of - (days * DAY_US).astype(np.int64), as_of + AFTER_DAYS * DAY_US


@dataclass(frozen=True)
class Stamps:
    """Events in order of person and time; `person` is local to the chunk."""

    person: np.ndarray
    time: np.ndarray

    @property
    def size(self) -> int:
        return int(self.time.size)

    def where(self, kept: np.ndarray) -> Stamps:
        """Only some events: a mask or row numbers."""
        return Stamps(self.person[kept], self.time[kept])


def in_order(
    person: np.ndarray, time: np.ndarray, tag: np.ndarray | None = None
) -> tuple[Stamps, np.ndarray]:
    """Sort events by person and time, whole milliseconds; a small `tag` (0-3) travels with each. Sorting one integer key does it."""
    key = (person.astype(np.int64) << 43) | (time // 1000 << 2) | (0 if tag is None else tag)
    key.sort()
    return Stamps(key >> 43, ((key & ((1 << 43) - 1)) >> 2) * 1000), key & 3


def scatter(
    chunk: Chunk, per_year: np.ndarray, cumulative: np.ndarray, rng: np.random.Generator
) -> Stamps:
    """Poisson events over each person's window, days drawn by the season `cumulative`, times of the day by `DAY_SECONDS`."""
    return scatter_two(chunk, per_year[None, :], cumulative, rng)[0]


def scatter_two(
    chunk: Chunk, per_year: np.ndarray, cumulative: np.ndarray, rng: np.random.Generator
) -> tuple[Stamps, np.ndarray]:
    """`scatter` of two streams (2 x people) in one order; the tag says which event is of the second."""
    start, end = chunk.window
    low, high = chunk.days.weight_at(cumulative, start), chunk.days.weight_at(cumulative, end)
    rates = per_year / YEAR_DAYS * (high - low)
    person, time, tag = scattered(
        rng, rates, low, high - low, cumulative, chunk.days.origin, DAY_SECONDS
    )
    return Stamps(person, time), tag


def rounds(chunk: Chunk, per_year: float, rng: np.random.Generator) -> Stamps:
    """Regular events: one in each of equal steps back from the end of the window, at a random moment of its step."""
    step = YEAR_DAYS * DAY_US / per_year
    start, end = chunk.window
    n = int(np.ceil((HISTORY_DAYS + AFTER_DAYS) * DAY_US / step))
    time = end[:, None] - ((np.arange(n, 0, -1) - rng.random((chunk.size, n))) * step).astype(
        np.int64
    )
    person = np.repeat(np.arange(chunk.size), n)
    stamps = Stamps(person, time.ravel())
    return stamps.where(stamps.time >= start[person])


def flip(probability: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """True with the given probability, each."""
    return rng.random(probability.size, dtype=np.float32) < probability


def fen(cny: np.ndarray) -> np.ndarray:
    """Yuan to whole fen, at least one."""
    return np.maximum(np.rint(cny * 100.0), 1.0).astype(np.int64)


def table(chunk: Chunk, name: str, stamps: Stamps, **columns: Draws) -> pa.Table:
    """The raw table `name`. Text columns come as codes into the column's allowed values; (values, is_null) gives nulls."""
    declared = TABLES[name]
    lag = int(chunk.nature.lags_days[name] * DAY_US)
    base: dict[str, Draws] = {
        "event_id": chunk.index * ID_STEP + np.arange(stamps.size, dtype=np.int64),
        "applicant_id": chunk.first_id + stamps.person,
        "event_time": stamps.time,
        "known_time": stamps.time + lag,
    }
    return arrow(declared, {**base, **columns})


def arrow(declared: Table, columns: Mapping[str, Draws]) -> pa.Table:
    """Arrow table in the declared order and types, text as dictionary."""
    arrays, fields = [], []
    for column in declared.columns:
        values, null = (
            columns[column.name]
            if isinstance(columns[column.name], tuple)
            else (columns[column.name], None)
        )
        if column.among:
            array = pa.DictionaryArray.from_arrays(
                pa.array(np.asarray(values, dtype=np.int8)), pa.array(column.among)
            )
        elif column.type == pa.timestamp("us"):
            array = pa.array(np.asarray(values).view("datetime64[us]"), mask=null)
        elif isinstance(values, pa.Array):
            array = values
        else:
            array = pa.array(
                np.asarray(values).astype(column.type.to_pandas_dtype(), copy=False), mask=null
            )
        arrays.append(array)
        fields.append(pa.field(column.name, array.type, nullable=column.nullable))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))
