"""A labelled world for the claims: its people, their outcomes, and the few event tables asked for.

Nothing is written. Scenario, switches and size change by call; the people of a seed and a size are
the same in all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section
from creditloom.world.book.book_config import BookConfig
from creditloom.world.book.run import loans_as_booked, recovered_cash, run_forward
from creditloom.world.book.state import Grant
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.switches import Switches
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.events.events import Chunk, drifted
from creditloom.world.loans.lending import applications
from creditloom.world.merge_communities import everyone
from creditloom.world.people.communities import Community, communities
from creditloom.world.risk.arrears import RESTRUCTURED
from creditloom.world.risk.default import onset_weights
from creditloom.world.risk.economy import MONTHS_BEFORE_VINTAGES, Economy
from creditloom.world.risk.shares import Coefficients
from creditloom.world.simulate import EMITTERS
from creditloom.world.truth import applicants, meta
from creditloom.world.world import Setting, World, build, solve_coefficients

# What the parts use of the room `world`. They import it from here.
# table: names for other modules
__all__ = [
    "MONTHS_BEFORE_VINTAGES",
    "BookConfig",
    "Economy",
    "LabelledWorld",
    "Switches",
    "World",
    "loans_as_booked",
    "onset_weights",
]
APPLICATIONS = "applications"
# table: the emitter of each event table that a claim of another run reads
FAMILY_OF = {
    "wallet_snapshots": "payment_flow",
    "logins": "device_stability",
    "bureau_snapshots": "bureau",
}
# Columns of a raw table by its name.
Wanted = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class LabelledWorld:
    """What makes a labelled world.

    The keywords `changes` of its methods replace fields of `params`, as scenario="off".
    """

    params: WorldParams
    nature: WorldConfig
    calendar: Calendar
    seed: int

    @classmethod
    def of(cls, folder: Path) -> LabelledWorld:
        """Return the world of the params.yaml in `folder`. Raises ParamsError as `section`."""
        file = folder / paths.PARAMS
        return cls(
            section("world", WorldParams, file),
            document(WorldConfig, paths.WORLD),
            section("calendar", Calendar, file),
            section("seed", int, file),
        )

    @property
    def late_vintage(self) -> int:
        """The first out-of-time vintage, in which a drift begins."""
        return self.setting().first_late_vintage

    @property
    def first_month(self) -> str:
        """The month of the first vintage, as 2024-01."""
        return f"{self.calendar.applications_start:%Y-%m}"

    @cached_property
    def coefficients(self) -> Coefficients:
        # The probe has its own size, and knows neither economy nor switches: one solution serves
        # every world of this seed.
        return solve_coefficients(self.setting())

    def setting(self, **changes: Any) -> Setting:
        """Return the setting with these changes."""
        params = replace(self.params, **changes)
        return Setting.of(params, self.nature, self.calendar, self.seed)

    def everyone(self, **changes: Any) -> World:
        """Return the world with all its people; memory grows with them."""
        return everyone(self.setting(**changes), self.coefficients)

    def truth(self, columns: Sequence[str], **changes: Any) -> pd.DataFrame:
        """Return columns of the truth of everyone, in order of applicant_id."""
        setting = self.setting(**changes)
        # Community by community, so that memory holds no more than one and the columns.
        parts = [
            applicants(self._community(setting, community)).select(list(columns))
            for community in communities(setting.params)
        ]
        return pa.concat_tables(parts).unify_dictionaries().to_pandas()

    def late_months(self, **changes: Any) -> np.ndarray:
        """Return whether each month on book ended in arrears or in default, had everyone a loan.

        People x months 1-12.
        """
        setting = self.setting(**changes)
        worlds = (self._community(setting, community) for community in communities(setting.params))
        outcomes = (world.outcome for world in worlds)
        return np.concatenate([(one.missed > 0) | (one.status == RESTRUCTURED) for one in outcomes])

    def meta(self, **changes: Any) -> dict[str, Any]:
        """Return how the world was made: truth/meta.json, without what follows from outcomes."""
        # The macro path needs no outcomes; one person without default stands for all of them.
        return meta(self.setting(**changes), self.coefficients, np.zeros(1, bool))

    def events(self, wanted: Wanted, **changes: Any) -> dict[str, pd.DataFrame]:
        """Return columns of raw tables of everyone, by the table's name.

        Families that no wanted table belongs to are not drawn.
        """
        setting = self.setting(**changes)
        kept: dict[str, list[pa.Table]] = defaultdict(list)
        for community in communities(setting.params):
            world = self._community(setting, community)
            for index in community.chunks:
                for name, table in _emitted(world, community, index, wanted).items():
                    kept[name].append(table)
        return {
            name: pa.concat_tables(tables).unify_dictionaries().to_pandas()
            for name, tables in kept.items()
        }

    def _community(self, setting: Setting, community: Community) -> World:
        return build(setting, self.coefficients, community)


def _emitted(world: World, community: Community, index: int, wanted: Wanted) -> dict[str, pa.Table]:
    """Return the wanted tables of one chunk, as `simulate` would write them."""
    size = world.setting.params.chunk_applicants
    first = index * size - community.first
    chunk = Chunk(world, index, first, min(first + size, world.people.size))
    tables: dict[str, pa.Table] = {}
    # Each family has a stream of its own, so one that is left out moves no other.
    for family in sorted({FAMILY_OF[name] for name in wanted if name != APPLICATIONS}):
        tables.update(drifted(chunk, family, EMITTERS[family](chunk, chunk.rng(family))))
    if APPLICATIONS in wanted:
        tables[APPLICATIONS] = applications(chunk, chunk.rng(APPLICATIONS))
    return {name: tables[name].select(list(columns)) for name, columns in wanted.items()}


# The book of a world.


def missed_in_labels(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Return missed instalments at each month's end, and whether restructured, of booked loans.

    Both are loans x months.
    """
    booked = np.flatnonzero(world.booking.is_booked)
    outcome = world.outcome
    return outcome.missed[booked].astype(np.int64), outcome.status[booked] == RESTRUCTURED


def panel(
    world: World, grant: Grant, months: int, switches: Switches | None = None
) -> list[pd.DataFrame]:
    """Return the panel of a book, one table per month from booking on; `switches` are on."""
    on = world if switches is None else _switched(world, switches)
    course = run_forward(on, document(BookConfig, paths.BOOK), grant, months)
    return [rows.to_pandas() for rows in course.months]


def recovered(world: World, grant: Grant, months: int) -> pd.DataFrame:
    """Return the payments after default of a book that runs so many months, as `recovered_cash`."""
    numbers = document(BookConfig, paths.BOOK)
    on = _switched(world, Switches(recoveries=True))
    payments = recovered_cash(on, numbers, run_forward(on, numbers, grant, months))
    # The switch is on, so there is a table.
    assert payments is not None
    return payments.to_pandas()


def _switched(world: World, switches: Switches) -> World:
    """Return the same world with other switches: the same people and the same luck."""
    params = replace(world.setting.params, switches=switches)
    return replace(world, setting=replace(world.setting, params=params))
