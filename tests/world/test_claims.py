"""The claims of world/claims.yaml, measured on simulated worlds.

A small world may stray by its sampling error. What the world misses is listed here by name, so that
a claim that begins to fail shows, and so does one that no longer does.
"""

from __future__ import annotations

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
from creditloom.models.evaluation.world_claims.measures import MEASURES
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.pipeline.proof.claims import labelled_parts
from creditloom.pipeline.proof.claims.labelled_world import LabelledWorld
from creditloom.storage.files.store import read_frame, read_json
from creditloom.storage.folders.raw_folder import table_files
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.simulate import simulate

# One world is made for all of them, which takes tens of seconds.
pytestmark = pytest.mark.slow

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
    _solved_once: None,
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
def labelled(params: WorldParams, nature: WorldConfig, calendar: Calendar) -> LabelledWorld:
    """100,000 people without events, as `creditloom claims` measures them."""
    large = replace(params, applicants=100_000, base_rate=BASE_RATE)
    return LabelledWorld(large, nature, calendar, seed=1)


def assert_all_met(figures: labelled_parts.Figures) -> None:
    for name, figure in figures.items():
        assert figure is not None, name
        assert_met(name, figure)


@pytest.mark.slow
def test_claims_about_the_economy_are_met(labelled: LabelledWorld) -> None:
    assert_all_met(labelled_parts.economy(labelled))
    quarter = replace(labelled.params, applicants=100_000 // labelled_parts.TIMES_OF_PERIOD)
    assert_all_met(labelled_parts.period(replace(labelled, params=quarter)))


@pytest.mark.slow
def test_inflows_feel_the_recession(labelled: LabelledWorld) -> None:
    # Fewer people do not do: a month's mean inflow of 5,000 is mostly luck.
    assert_all_met(labelled_parts.income(labelled))


@pytest.mark.slow
def test_label_world_and_book_roll_alike(labelled: LabelledWorld) -> None:
    figure = labelled_parts.same_rules(labelled.everyone(scenario="calm"))
    assert_met("same_rules_in_the_book", figure)
