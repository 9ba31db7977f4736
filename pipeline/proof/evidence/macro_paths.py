"""The part of `creditloom evidence` that draws the economy ahead anew, over and over.

What the model could see of the path stays: it is the path of the run up to the known-by day. From
there it goes on by the world's own AR(1), with the run's own centre. The people stay, and the true
PD of each out-of-time applicant is computed by the path that its vintage meets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from creditloom.models.sample.split import SplitParams, known_day, month_index
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import section
from creditloom.pipeline.proof.claims.labelled_world import (
    MONTHS_BEFORE_VINTAGES,
    Economy,
    LabelledWorld,
    onset_weights,
)
from creditloom.pipeline.proof.evidence.run_parts import Content, EvidenceRunError
from creditloom.pipeline.stages.results.evaluate.truth_sample import truth_alone
from creditloom.storage.files.store import read_json

# So many tell a share of .85 to .025.
PATHS = 200
# Of the stream of the redrawn paths; the world's own streams are keyed otherwise.
PATH_SEED = 19
# The interval of the forecast and of the true process holds 90 %.
QUANTILES = (0.05, 0.95)


def macro_paths(folder: Path) -> Content:
    """Return whether the level's interval holds the true mean PD: of the run, and of 200 paths.

    rate, low, high: forecast of the model. mean_true: of the out-of-time applicants. shortcut: mean
    by the path of the run, computed as for the others, over mean_true; 1 but for shocks that meet a
    bad month. recentred: share of paths inside the interval moved to their mean.
    """
    with chdir(folder):
        level = read_json(paths.CALIBRATION)["level"]
        labelled = LabelledWorld.of(Path())
        people = _people()
        own = labelled.setting().economy
        means = np.array([_mean_pd(labelled, people, path) for path in _paths(labelled)])
        shortcut = _mean_pd(labelled, people, own)
    mean_true = float(people["pd_true"].mean())
    low = float(level["low"])
    high = float(level["high"])
    moved = float(means.mean()) / float(level["rate"])
    process = np.quantile(means, QUANTILES)
    # table: what is kept of the part
    return {
        "rate": level["rate"],
        "low": low,
        "high": high,
        "mean_true": mean_true,
        "paths": len(means),
        "inside_paths": int(((means >= low) & (means <= high)).sum()),
        "recentred": float(((means >= moved * low) & (means <= moved * high)).mean()),
        "width": high - low,
        "process_width": float(process[1] - process[0]),
        "process_mean": float(means.mean()),
        "shortcut": shortcut / mean_true,
    }


def _people() -> pd.DataFrame:
    """Return vintage, pd_neutral and pd_true of the out-of-time applicants."""
    whole = truth_alone(section("split", SplitParams))
    oot = whole.known.out_of_time()
    people = whole.applicants[["application_id", "vintage", "pd_neutral", "pd_true"]]
    return people[people["application_id"].isin(oot.application_id)]


def _mean_pd(labelled: LabelledWorld, people: pd.DataFrame, economy: Economy) -> float:
    """Return the mean true PD by another path: the hazard of a vintage grows by exp(gamma M)."""
    weights = onset_weights(labelled.nature.hazard)
    met = economy.of_vintage(labelled.calendar.n_vintages, weights)
    stretch = np.exp(economy.gamma * met[people["vintage"].to_numpy()])
    log_survival = np.log1p(-people["pd_neutral"].to_numpy(float))
    return float(-np.expm1(log_survival * stretch).mean())


def _paths(labelled: LabelledWorld) -> Iterator[Economy]:
    """Yield the path of the run, going on by chance from the known-by day, PATHS times."""
    setting = labelled.setting()
    if setting.params.scenario != "calm":
        raise EvidenceRunError(
            f"world.scenario: expected calm, got {setting.params.scenario}; only a calm economy "
            "goes on by chance. Leave it as it is for the part `paths`."
        )
    split = section("split", SplitParams)
    day = known_day(split)
    first_ahead = split.train_months + split.calibration_months
    if day is not None:
        first_ahead = int(month_index(day, split))
    rng = np.random.default_rng((PATH_SEED, labelled.seed))
    for _ in range(PATHS):
        yield gone_on(labelled, first_ahead, rng)


def gone_on(labelled: LabelledWorld, first_ahead: int, rng: np.random.Generator) -> Economy:
    """Return the path of the run with its months from `first_ahead` on drawn anew.

    first_ahead: counted from the first vintage.
    """
    setting = labelled.setting()
    numbers = setting.nature.economy
    own = setting.economy
    place = first_ahead + MONTHS_BEFORE_VINTAGES
    bump = np.zeros(own.path.size)
    start = numbers.bad_half_year + MONTHS_BEFORE_VINTAGES
    bump[start : start + numbers.bad_half_year_months] = numbers.bad_half_year_size
    steps = rng.standard_normal(own.path.size)
    centre = _centre(labelled)
    state = own.path + centre - bump
    for month in range(place, own.path.size):
        step = np.sqrt(1.0 - numbers.rho**2) * steps[month]
        state[month] = numbers.rho * state[month - 1] + step
    return replace(own, path=state + bump - centre)


def _centre(labelled: LabelledWorld) -> float:
    """Return what the world took off its path, so that the mean of all vintages is neutral."""
    setting = labelled.setting()
    seed = setting.seed if setting.params.macro_seed is None else setting.params.macro_seed
    # The first month is the first normal number of its stream, less what was taken off.
    first = replace(setting, seed=seed).rng("macro").standard_normal(1)[0]
    return float(first - setting.economy.path[0])
