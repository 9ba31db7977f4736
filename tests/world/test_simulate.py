"""Claims about writing a world.

The same seed gives the same bytes, sizes that cannot be are refused, the truth says how it was
made.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from creditloom.world.config.config_types import FAMILIES, Calendar, WorldError, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.events.events import ID_STEP
from creditloom.world.simulate import simulate
from tests.world.written import SIMULATED, Written


def digests(folder: Path) -> dict[str, str]:
    return {
        str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in sorted(folder.rglob("*.*"))
    }


@pytest.fixture(scope="module")
def tiny(params: WorldParams, nature: WorldConfig) -> tuple[WorldParams, WorldConfig]:
    return replace(params, applicants=300, chunk_applicants=110), replace(
        nature, effects=replace(nature.effects, probe_applicants=5_000)
    )


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_the_number_of_processes(
    tiny: tuple[WorldParams, WorldConfig], calendar: Calendar, tmp_path: Path
) -> None:
    params, nature = tiny
    for processes in (1, 2):
        out = tmp_path / str(processes)
        simulate(
            replace(params, processes=processes),
            nature,
            calendar,
            out / "raw",
            out / "truth",
            seed=1,
        )
    assert digests(tmp_path / "1") == digests(tmp_path / "2")


def test_another_seed_makes_another_world(
    tiny: tuple[WorldParams, WorldConfig], calendar: Calendar, tmp_path: Path
) -> None:
    params, nature = tiny
    for seed in (1, 2):
        simulate(
            params,
            nature,
            calendar,
            tmp_path / f"{seed}" / "raw",
            tmp_path / f"{seed}" / "truth",
            seed=seed,
        )
    one = digests(tmp_path / "1")
    two = digests(tmp_path / "2")
    assert one.keys() == two.keys()
    assert not set(one.values()) & set(two.values())


def test_an_old_world_is_replaced_and_not_added_to(
    tiny: tuple[WorldParams, WorldConfig], calendar: Calendar, tmp_path: Path
) -> None:
    params, nature = tiny
    simulate(params, nature, calendar, tmp_path / "raw", tmp_path / "truth", seed=1)
    stale = tmp_path / "raw" / "payments" / "part-00099.parquet"
    stale.write_bytes(b"old")
    simulate(params, nature, calendar, tmp_path / "raw", tmp_path / "truth", seed=1)
    assert not stale.exists()


def test_all_tables_are_written_one_part_per_chunk(written: Written) -> None:
    assert set(written.rows) == set(SIMULATED)
    assert {len(list((written.raw / name).iterdir())) for name in SIMULATED} == {3}
    assert sorted(written.table("payments", ["event_id"]).event_id.floordiv(ID_STEP).unique()) == [
        0,
        1,
        2,
    ]


def test_no_truth_lies_among_the_raw_tables(written: Written) -> None:
    secret = {
        c
        for c in written.people.columns
        if c.startswith(("z_", "concept_", "contribution_", "pd_", "logodds"))
    }
    for name in SIMULATED:
        assert not secret & set(written.table(name).columns)


def test_the_truth_covers_everyone_booked_or_not(written: Written) -> None:
    people = written.people
    assert len(people) == 2_400
    assert people.defaulted[~people.is_approved & ~people.is_control].any()
    assert (people.default_month.notna() == people.defaulted).all()


def test_the_truth_says_how_the_world_was_made(written: Written) -> None:
    meta = written.meta
    assert set(meta["betas"]) == set(FAMILIES)
    assert len(meta["macro"]) == 24
    assert meta["shares_observed"] == pytest.approx(
        meta["shares_target"], abs=0.03
    )  # what families without weight know


@pytest.mark.parametrize(
    "wrong", [{"applicants": 5}, {"processes": 0}, {"base_rate": 0.9}, {"activity_scale": 0.0}]
)
def test_sizes_that_cannot_be_are_refused(
    wrong: dict[str, float],
    params: WorldParams,
    nature: WorldConfig,
    calendar: Calendar,
    tmp_path: Path,
) -> None:
    with pytest.raises(WorldError, match=next(iter(wrong))):
        simulate(
            replace(params, **wrong), nature, calendar, tmp_path / "raw", tmp_path / "truth", seed=1
        )  # type: ignore[arg-type]
    assert not (tmp_path / "raw").exists()
