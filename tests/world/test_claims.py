"""The claims of world/claims.yaml, measured on simulated worlds.

A small world may stray by its sampling error. What the world misses is listed here by name, so that
a claim that begins to fail shows, and so does one that no longer does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from creditloom.models.evaluation.world_claims.claim_sample import (
    APPLICATION,
    COLUMNS,
    ClaimFigure,
    ClaimSample,
)
from creditloom.models.evaluation.world_claims.claims import (
    Claim,
    Claims,
    by_id,
    table,
)
from creditloom.models.evaluation.world_claims.loan_path import LoanPath
from creditloom.models.evaluation.world_claims.measures import MEASURES
from creditloom.models.evaluation.world_claims.other_runs import run_figures
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.storage.files.store import read_frame, read_json
from creditloom.storage.folders.raw_folder import table_files
from creditloom.world.book.book_config import BookConfig
from creditloom.world.book.run import loans_as_booked, run_forward
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.merge_communities import everyone
from creditloom.world.simulate import simulate
from creditloom.world.truth import applicants, meta
from creditloom.world.world import Setting, World, solve_coefficients

CLAIMS = document(Claims, paths.CLAIMS)
CLAIM = by_id(CLAIMS)
# Claims that need decisions or features, which a world alone does not have.
OF_A_WHOLE_RUN = {
    "bad_rate_approved",
    "filters_fire",
    "filters_precise",
    "filters_honest",
    "fr10_precision",
    "auc_bureau",
    "auc_payments",
    "auc_device",
    "auc_social",
}
MEASURED = sorted(set(MEASURES) - OF_A_WHOLE_RUN)
# Contacts are drawn within a community: in one of 1,000 people nobody has a long list.
OF_LARGE_COMMUNITIES = {"degree_200"}
# Claims that the default world misses at some of the seeds 1-5, 20,000 applicants.
# redefault: 0 to 8 at the seeds 11-15, where 3 is the least.
MISSED_AT_SOME_SEED = {"redefault"}
# A claim that counts what is impossible has no sampling error.
IMPOSSIBLE = {"dpd_steps", "dpd_beyond_time", "probation", "materiality", "new_record"}
BASE_RATE = 0.0235
# An AUC's standard error is near this over the root of the number of bads.
AUC_SD = 0.3
# `sampling_error` is three standard errors.
TWO_OF_THREE = 2.0 / 3.0
# Units whose figures are ratios of two rates: the error of their log is that of the rarer count.
RATIOS = ("ratio", "odds ratio")


def sampling_error(claim: Claim, n: int, base: float = BASE_RATE) -> float:
    """Three standard errors of a figure behind which there are `n` people or rows.

    n x base rate bads are behind an AUC or a ratio of rates.
    """
    bound = next(x for x in (claim.target, claim.at_least, claim.at_most) if x is not None)
    if claim.id in IMPOSSIBLE:
        return 0.0
    if claim.unit == "AUC":
        return 3.0 * AUC_SD / np.sqrt(n * base)
    if claim.unit in RATIOS:
        return 3.0 * bound / np.sqrt(max(n * base, 1.0))
    if not claim.unit and bound < 1.0:
        return 3.0 * float(np.sqrt(bound * (1.0 - bound) / n))
    # Means of many rows: correlations, points, log-odds.
    return 0.5 * (claim.tolerance or 0.0)


def sample_of(raw: Path, truth: Path) -> ClaimSample:
    """Everyone of a written world, without decisions."""

    def rows(name: str, columns: tuple[str, ...]) -> pd.DataFrame:
        return pd.concat(
            [read_frame(part, ["applicant_id", *columns]) for part in table_files(raw, name)],
            ignore_index=True,
        )

    people = read_frame(truth / "applicants.parquet").set_index("applicant_id")
    people = people.join(rows("applications", APPLICATION).set_index("applicant_id"))
    return ClaimSample(
        people,
        {name: rows(name, columns) for name, columns in COLUMNS.items()},
        read_json(truth / "meta.json"),
    )


@pytest.fixture(scope="module")
def small(
    params: WorldParams,
    nature: WorldConfig,
    calendar: Calendar,
    tmp_path_factory: pytest.TempPathFactory,
) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("claims")
    simulate(
        replace(params, applicants=5_000, base_rate=BASE_RATE),
        nature,
        calendar,
        folder / "raw",
        folder / "truth",
        seed=1,
    )
    return table(CLAIMS, sample_of(folder / "raw", folder / "truth")).set_index("id")


def test_a_world_alone_measures_all_but_decisions_and_features(small: pd.DataFrame) -> None:
    assert sorted(small.index[small.found.notna()]) == MEASURED


@pytest.mark.parametrize("name", sorted(set(MEASURED) - OF_LARGE_COMMUNITIES))
def test_a_claim_is_met_within_the_sampling_error_of_a_small_world(
    small: pd.DataFrame, name: str
) -> None:
    row = small.loc[name]
    claim = CLAIM[name]
    holds = claim.holds(row.found, sampling_error(claim, row.n))
    assert holds or name in MISSED_AT_SOME_SEED, (row.found, row.bound, row.n)


@pytest.mark.slow
def test_claims_are_met_at_seeds_1_to_5_but_for_those_listed(
    params: WorldParams, nature: WorldConfig, calendar: Calendar, tmp_path: Path
) -> None:
    """The claims speak of 100,000 people: a fifth of them may stray by two standard errors.

    The listed ones are missed at one seed at least: who mends one takes it off the list.
    """
    whole = replace(params, applicants=20_000, base_rate=BASE_RATE, chunk_applicants=4_000)
    missed: set[str] = set()
    for seed in (1, 2, 3, 4, 5):
        folder = tmp_path / str(seed)
        simulate(whole, nature, calendar, folder / "raw", folder / "truth", seed=seed)
        found = table(CLAIMS, sample_of(folder / "raw", folder / "truth")).set_index("id")
        missed |= {
            name
            for name in MEASURED
            if not CLAIM[name].holds(
                found.found[name], TWO_OF_THREE * sampling_error(CLAIM[name], found.n[name])
            )
        }
    assert missed == MISSED_AT_SOME_SEED


# --- claims of other runs ---


def assert_met(name: str, figure: ClaimFigure) -> None:
    claim = CLAIM[name]
    assert claim.holds(figure.value), (name, figure, claim.bound)


@pytest.fixture(scope="module")
def scenarios(
    params: WorldParams, nature: WorldConfig, calendar: Calendar
) -> Iterator[dict[str, World]]:
    """The same 100,000 people in three economies, without events."""
    large = replace(params, applicants=100_000, base_rate=BASE_RATE)
    settings = {
        name: Setting.of(replace(large, scenario=name), nature, calendar, 1)
        for name in ("off", "calm", "recession")
    }
    # The probe knows no economy, so the coefficients are those of all three.
    coefficients = solve_coefficients(settings["off"])
    yield {name: everyone(setting, coefficients) for name, setting in settings.items()}


def truth_of(world: World) -> pd.DataFrame:
    return applicants(world).to_pandas()


@pytest.mark.slow
def test_claims_about_the_economy_are_met(scenarios: dict[str, World]) -> None:
    truth = {name: truth_of(world) for name, world in scenarios.items()}

    def about(name: str) -> dict[str, object]:
        world = scenarios[name]
        return meta(world.setting, world.coefficients, truth[name]["defaulted"].to_numpy())

    assert_met("macro_off", run_figures.macro_off(about("off")))
    assert_met("recession", run_figures.recession(truth["off"], truth["recession"]))
    assert_met("macro_period", run_figures.macro_period(truth["recession"], about("recession")))


@pytest.mark.slow
def test_inflows_feel_the_recession(
    params: WorldParams, nature: WorldConfig, calendar: Calendar, tmp_path: Path
) -> None:
    hit = replace(params, applicants=5_000, base_rate=BASE_RATE, scenario="recession")
    simulate(hit, nature, calendar, tmp_path / "raw", tmp_path / "truth", seed=1)
    parts = table_files(tmp_path / "raw", "wallet_snapshots")
    rows = pd.concat([read_frame(part, ["event_time", "inflow_fen"]) for part in parts])
    first_month = f"{calendar.applications_start:%Y-%m}"
    figure = run_figures.macro_income(rows, first_month, read_json(tmp_path / "truth/meta.json"))
    assert_met("macro_income", figure)


@pytest.mark.slow
def test_label_world_and_book_roll_alike(scenarios: dict[str, World]) -> None:
    world = scenarios["calm"]
    booked = np.flatnonzero(world.booking.is_booked)
    outcome = world.outcome
    course = run_forward(world, document(BookConfig, paths.BOOK), loans_as_booked(world), 12)
    dpd = np.stack([month["dpd_days"].to_numpy() for month in course.months[1:]], axis=1)
    in_book = path_of(dpd, np.zeros(dpd.shape, bool))
    # Buckets need the number of missed instalments alone: one is 1-29 days, and so on.
    missed = outcome.missed[booked].astype(np.int64)
    labelled = path_of(30 * missed - (missed > 0), outcome.status[booked] == 2)
    figure = run_figures.same_rules_in_the_book(labelled, in_book)
    assert_met("same_rules_in_the_book", figure)


def path_of(dpd: np.ndarray, is_restructured: np.ndarray) -> LoanPath:
    return LoanPath(np.arange(len(dpd)), dpd, is_restructured, np.zeros_like(dpd))
