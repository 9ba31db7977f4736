"""Each switch of the labelled world: off, nothing is there; on, only its own tables change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from creditloom.models.evaluation.world_claims.claims import Claims, by_id
from creditloom.models.evaluation.world_claims.other_runs import switch_figures
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.pipeline.proof.claims import labelled_parts
from creditloom.pipeline.proof.claims.labelled_world import LabelledWorld
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.switches import Switches
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.merge_communities import everyone
from creditloom.world.simulate import simulate
from creditloom.world.truth import applicants
from creditloom.world.world import Setting, World, solve_coefficients
from tests.world.written import Written

SEED = 11
LATE = 18
CLAIM = by_id(document(Claims, paths.CLAIMS))
LOANS = {"loan_performance", "short_loan_performance"}
# table: the switch, and the tables that it owns; `truth` is applicants.parquet
OWNED: dict[str, tuple[Switches, set[str]]] = {
    "challenger": (Switches(challenger=True), {"applications"}),
    "mean_pd": (Switches(drift="mean_pd"), {"truth", *LOANS}),
    "family_null": (Switches(drift="family_null"), {"truth", "logins"}),
    "shift": (Switches(drift="shift"), {"truth", "bureau_snapshots"}),
    "segment": (Switches(drift="segment"), {"truth", "applications", *LOANS}),
    "alternative": (Switches(alternative=True), {"truth", "applications", *LOANS}),
}
MakeWorld = Callable[[Switches], Written]


@pytest.fixture(scope="module")
def made(
    params: WorldParams,
    nature: WorldConfig,
    calendar: Calendar,
    tmp_path_factory: pytest.TempPathFactory,
) -> MakeWorld:
    """Write a world of 800 people with these switches, once."""
    effects = replace(nature.effects, probe_applicants=5_000)
    small = replace(params, applicants=800, chunk_applicants=300, activity_scale=0.05)
    worlds: dict[Switches, Written] = {}

    def make(switches: Switches) -> Written:
        if switches not in worlds:
            folder = tmp_path_factory.mktemp("switched")
            raw = folder / "raw"
            truth = folder / "truth"
            numbers = replace(nature, effects=effects)
            on = replace(small, switches=switches)
            worlds[switches] = Written(
                raw, truth, simulate(on, numbers, calendar, raw, truth, seed=SEED)
            )
        return worlds[switches]

    return make


def contents(world: Written) -> dict[str, bytes]:
    """Return the bytes of every table, by the table's name."""
    files = sorted(world.raw.rglob("*.parquet"))
    tables: dict[str, bytes] = {}
    for file in files:
        tables[file.parent.name] = tables.get(file.parent.name, b"") + Path(file).read_bytes()
    return tables | {"truth": (world.truth / "applicants.parquet").read_bytes()}


@pytest.mark.slow
@pytest.mark.parametrize("name", OWNED)
def test_a_switch_changes_its_own_tables_and_no_byte_of_the_rest(
    made: MakeWorld, name: str
) -> None:
    switches, owned = OWNED[name]
    off = contents(made(Switches()))
    on = contents(made(switches))
    changed = {table for table in off if on[table] != off[table]}
    assert on.keys() == off.keys()
    assert changed <= owned
    assert changed, "the switch does nothing"


def test_a_world_without_switches_shows_none(made: MakeWorld) -> None:
    off = made(Switches())
    columns = set(off.table("applications").columns)
    assert not columns & {"arm", "arm_chance", "area_arrears_index"}
    assert not set(off.people.columns) & {"is_drifted", "is_protected"}
    assert "switches" not in off.meta


def test_a_world_says_which_switches_made_it(made: MakeWorld) -> None:
    assert made(Switches(drift="shift")).meta["switches"]["drift"] == "shift"


def test_who_drifts_and_who_is_protected_is_truth_alone(made: MakeWorld) -> None:
    for switches, _ in OWNED.values():
        world = made(switches)
        for name in world.rows:
            columns = set(world.table(name).columns)
            assert not columns & {"is_drifted", "is_protected"}


# --- what each does ---


@pytest.fixture(scope="module")
def peopled(
    params: WorldParams, nature: WorldConfig, calendar: Calendar
) -> Callable[[Switches], World]:
    """Return 20,000 people with these switches, without events."""
    numbers = replace(nature, effects=replace(nature.effects, probe_applicants=20_000))
    large = replace(params, applicants=20_000, base_rate=0.0235)
    coefficients = solve_coefficients(Setting.of(large, numbers, calendar, SEED))

    def people(switches: Switches) -> World:
        setting = Setting.of(replace(large, switches=switches), numbers, calendar, SEED)
        return everyone(setting, coefficients)

    return people


def test_the_arm_is_drawn_at_random_and_recorded_with_its_chance(made: MakeWorld) -> None:
    world = made(Switches(challenger=True))
    rows = world.table("applications")
    figure = switch_figures.challenger_arm(rows)
    sd = np.sqrt(0.1 * 0.9 / figure.n)
    assert CLAIM["challenger_arm"].holds(figure.value, allowance=3 * sd)
    is_challenger = rows["arm"] == "challenger"
    assert set(rows.loc[is_challenger, "arm_chance"]) == {0.10}
    assert set(rows.loc[~is_challenger, "arm_chance"]) == {0.90}
    # Nothing that is known of a person moves the draw.
    for column in ("incumbent_score", "age_years"):
        known = rows[column].astype(float)
        assert abs(np.corrcoef(known, is_challenger)[0, 1]) < 4 / np.sqrt(len(rows))


def test_the_mean_pd_of_late_vintages_rises_by_a_fifth_and_of_no_other(
    peopled: Callable[[Switches], World],
) -> None:
    off = applicants(peopled(Switches())).to_pandas()
    on = applicants(peopled(Switches(drift="mean_pd"))).to_pandas()
    assert CLAIM["drift_pd"].holds(switch_figures.drift_pd(off, on, LATE).value)
    early = off["vintage"] < LATE
    assert (off["pd_true"][early] == on["pd_true"][early]).all()
    # The states are those of before: nothing that is seen of a person says so.
    assert (off["logodds_systematic"] == on["logodds_systematic"]).all()


def test_who_loses_a_family_has_no_row_of_it_and_all_others_have_theirs(
    made: MakeWorld, peopled: Callable[[Switches], World]
) -> None:
    off = made(Switches()).table("logins")
    world = made(Switches(drift="family_null"))
    is_drifted = world.people["is_drifted"]
    on = world.table("logins")
    assert not on["applicant_id"].isin(is_drifted.index[is_drifted]).any()
    kept = off[~off["applicant_id"].isin(is_drifted.index[is_drifted])].reset_index(drop=True)
    pd.testing.assert_frame_equal(on, kept)
    # Everyone has logins without it, so the claim counts the drift alone.
    assert set(off["applicant_id"]) == set(is_drifted.index)
    people = applicants(peopled(Switches(drift="family_null"))).to_pandas()
    known = people.loc[~people["is_drifted"], "applicant_id"]
    assert CLAIM["drift_null"].holds(switch_figures.drift_null(people, set(known), LATE).value)


def last_score(world: Written) -> pd.Series:
    return switch_figures.last_score(world.table("applications"), world.table("bureau_snapshots"))


def test_the_bureau_score_of_late_vintages_is_half_an_sd_higher(made: MakeWorld) -> None:
    off = made(Switches())
    on = made(Switches(drift="shift"))
    vintage = off.people["vintage"]
    figure = switch_figures.drift_shift(last_score(off), last_score(on), vintage, LATE)
    assert CLAIM["drift_shift"].holds(figure.value)
    early = vintage.index[vintage < LATE]
    assert last_score(off).reindex(early).equals(last_score(on).reindex(early))


def test_a_new_segment_is_riskier_than_it_looks(peopled: Callable[[Switches], World]) -> None:
    off = applicants(peopled(Switches())).to_pandas()
    on = applicants(peopled(Switches(drift="segment"))).to_pandas()
    assert CLAIM["drift_segment"].holds(switch_figures.drift_segment(on, LATE).value)
    is_new = on["segment"] == "live_streamer"
    assert (is_new == on["is_drifted"]).all()
    assert (on["pd_true"][is_new] > off["pd_true"][is_new]).all()
    assert (on["pd_true"][~is_new] == off["pd_true"][~is_new]).all()


def test_the_index_of_an_area_tells_the_protected_group_and_is_no_truth(made: MakeWorld) -> None:
    world = made(Switches(alternative=True))
    rows = world.table("applications").set_index("applicant_id")
    is_protected = world.people["is_protected"]
    assert (is_protected == (rows["region_tier"].astype(int) >= 5)).all()
    index = rows["area_arrears_index"]
    assert index[is_protected].mean() - index[~is_protected].mean() == pytest.approx(1.0, abs=0.1)
    assert index[is_protected].std() == pytest.approx(0.25, abs=0.05)


# --- the planted alternative, with a learner ---


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12])
def test_dropping_the_planted_column_halves_the_gap_at_no_price(
    params: WorldParams, nature: WorldConfig, calendar: Calendar, seed: int
) -> None:
    large = replace(params, applicants=100_000, base_rate=0.0235)
    found = labelled_parts.alternative(LabelledWorld(large, nature, calendar, seed))
    for name, figure in found.items():
        assert figure is not None
        assert CLAIM[name].holds(figure.value), found
