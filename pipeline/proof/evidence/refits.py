"""Parts of `creditloom evidence` on a world without an economy: groups, and bootstrap refits.

Without an economy the level stands still, so what a PD misses is an error of the model. How large
that error is by luck alone is told by refits: the same procedure on drawn loans, with the features,
complexities and stack that were chosen, so that twenty of them cost minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from creditloom.models.calibration.calibration import CalibrationParams, fit_held_out, level_of
from creditloom.models.calibration.group_calibration import AskedMargins, drawn_counts, pd_draws
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.learners.booster import signs_of
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import logit
from creditloom.models.sample.split import CALIBRATION
from creditloom.models.stacking.learner import NamedLearner
from creditloom.models.training.training import TrainParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.matrix_reader import dataset
from creditloom.pipeline.base.params import section
from creditloom.pipeline.proof.evidence.judges import GroupCoverage, aligned, coverage
from creditloom.pipeline.proof.evidence.oot_rows import OotRows, oot_rows
from creditloom.pipeline.proof.evidence.run_parts import Content
from creditloom.pipeline.stages.results.evaluate.refit_margins import refit_margins
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.store import read_frame, read_json

# So many tell a deviation to a sixth.
REFITS = 20
# Of the draws behind the refits, and of the random groups.
DRAW_SEED = 23
# Random groups: as many and as large as the bars say.
RANDOM_GROUPS = 500
RANDOM_SIZE = 200
DECILES = 10
# Fields of the groups whose O/E is judged, as `group_figures.groups_of` names them.
JUDGED_FIELDS = ("tier", "payment file", "bureau file", "segment", "customer")


def off_groups(folder: Path) -> Content:
    """Return sums of true PD and of PD by group, and whether the level's interval holds the truth.

    mean_true: of all out-of-time applicants.
    """
    with chdir(folder):
        rows = oot_rows()
        level = read_json(paths.CALIBRATION)["level"]
        sums = group_sums(rows.groups(), rows.pd_true, rows.cohort.pd)
    return {
        "groups": sums,
        "low": level["low"],
        "high": level["high"],
        "mean_true": float(rows.pd_true.mean()),
        "mean_pd": float(rows.cohort.pd.mean()),
    }


def group_sums(groups: pd.DataFrame, pd_true: Floats, own_pd: Floats) -> list[Content]:
    """Return observed (true PD) and expected (PD) bads of each judged group."""
    sums = []
    for field in JUDGED_FIELDS:
        if field not in groups:
            continue
        names = groups[field].to_numpy(object)
        for name in sorted(set(names[groups[field].notna().to_numpy()])):
            rows = names == name
            sums.append(
                {
                    "group": f"{field}: {name}",
                    "n": int(rows.sum()),
                    "observed": float(pd_true[rows].sum()),
                    "expected": float(own_pd[rows].sum()),
                }
            )
    return sums


def refits(folder: Path) -> Content:
    """Return by group the deviation of log E over refits, and how often intervals hold the truth.

    coverage: by kind of group, of the house's interval (`pd_draws`). of_refits: the same for the
    interval that the refits themselves give. The target is the PD that the matrix can tell, as
    `OotRows.reachable_pd`; by_true: against the true PD, in which luck that nobody sees counts too.
    """
    with chdir(folder):
        rows = oot_rows()
        calibrating = section("calibration", CalibrationParams)
        again = np.stack(list(refitted(rows, calibrating)))
        drawn = _house_draws(rows, calibrating)
        target = rows.reachable_pd()
        groups = rows.groups()
    deviations = {
        one["group"]: float(np.log(expected_of(again, groups, one["group"])).std(ddof=1))
        for one in group_sums(groups, rows.pd_true, rows.cohort.pd)
    }
    kinds = kinds_of(groups, rows.cohort.pd)
    return {
        "refits": len(again),
        "deviations": deviations,
        "coverage": _covered(drawn, again, target, kinds),
        "of_refits": _covered(_around(again, rows.cohort.pd), again, target, kinds),
        "by_true": _covered(drawn, again, rows.pd_true, kinds),
    }


def expected_of(again: Floats, groups: pd.DataFrame, group: str) -> Floats:
    """Return the expected bads of a group, named as in `group_sums`, by each refit."""
    field, _, name = group.partition(": ")
    return np.asarray(again[:, (groups[field] == name).to_numpy(bool)].sum(axis=1))


def kinds_of(groups: pd.DataFrame, own_pd: Floats) -> dict[str, list[np.ndarray]]:
    """Return the rows of each group by kind: random ones, deciles of the PD, segments, files."""
    rng = np.random.default_rng(DRAW_SEED)
    n = len(own_pd)
    size = min(RANDOM_SIZE, n)
    # Of equal PDs the earlier row comes first, so that a second run makes the same deciles.
    order = np.argsort(own_pd, kind="stable")
    kinds = {
        "random": [rng.choice(n, size, replace=False) for _ in range(RANDOM_GROUPS)],
        "decile": np.array_split(order, DECILES),
    }
    for kind, field in (("segment", "segment"), ("file", "payment file")):
        if field in groups:
            names = groups[field].to_numpy(object)
            known = sorted(set(names[groups[field].notna().to_numpy()]))
            kinds[kind] = [np.flatnonzero(names == name) for name in known]
    return kinds


def _covered(
    drawn: Floats, again: Floats, target: Floats, kinds: Mapping[str, list[np.ndarray]]
) -> dict[str, Content]:
    found: dict[str, GroupCoverage] = {
        kind: coverage(aligned(drawn), aligned(again), aligned(target[None, :])[0], groups)
        for kind, groups in kinds.items()
    }
    return {kind: vars(one) for kind, one in found.items()}


def _around(again: Floats, own_pd: Floats) -> Floats:
    """Return the refits moved so that their mean log-odds are those of the model itself."""
    log_odds = logit(again)
    moved = log_odds - log_odds.mean(axis=0) + logit(own_pd)
    return np.asarray(1.0 / (1.0 + np.exp(-moved)))


def _house_draws(rows: OotRows, calibrating: CalibrationParams) -> Floats:
    """Return the draws behind the house's interval of a mean PD, as `evaluate` makes them."""
    params = section("evaluate", EvaluateParams)
    scorer = rows.bundle.scorer
    judged, margin = _held_out(rows.applications)
    last = dataset(rows.applications.of(CALIBRATION), scorer.catalogue.names)
    line = scorer.calibration
    asked = AskedMargins(
        (logit(rows.cohort.pd) - line.b) / line.a,
        refit_margins(rows.cohort.rows, scorer.catalogue.names),
    )
    return pd_draws(
        margin,
        judged,
        rows.applications.before_out_of_time(),
        scorer.margin.raw(last.features),
        asked,
        calibrating,
        params.pd_draws,
        params.seed,
    )


def _held_out(applications: Dataset) -> tuple[Dataset, Floats]:
    """Return the loans of the judged months and their held-out margins."""
    held_out = read_frame(paths.HELD_OUT, ["application_id", "margin"])
    judged = applications.where(np.isin(applications.application_id, held_out["application_id"]))
    margin = held_out.set_index("application_id")["margin"].reindex(judged.application_id)
    return judged, margin.to_numpy(float)


# --- The refits ---


@dataclass(frozen=True)
class _Chosen:
    """What the training of a run has chosen: learners, their complexities and weights."""

    learners: tuple[NamedLearner, ...]
    steps: Mapping[str, int]
    weights: Mapping[str, float]
    signs: tuple[int, ...]

    def margins(self, rows: Dataset, *asked: Floats) -> list[Floats]:
        """Return the stacked margins of the rows asked, taught by `rows`, less the intercept.

        The line that follows is anchored at the level, so an intercept would be lost anyway.
        """
        stacked = [np.zeros(len(features)) for features in asked]
        for named in self.learners:
            if named.name not in self.weights:
                continue
            member = named.learner.fit(rows, self.signs, self.steps[named.name])
            for total, features in zip(stacked, asked, strict=True):
                total += self.weights[named.name] * member.margin(features)
        return stacked


def refitted(rows: OotRows, params: CalibrationParams, refits: int = REFITS) -> Iterator[Floats]:
    """Yield the PDs of the out-of-time applicants by refits on drawn loans.

    Loans are drawn with replacement, the same for trees, line and level. Refused applicants teach
    nothing here, whatever `reject.way` says. A draw that cannot be calibrated is left out.
    """
    applications = rows.applications
    names = rows.bundle.scorer.catalogue.names
    chosen = _chosen(read_document(paths.TRAINING, RESULTS), rows)
    before = applications.before_out_of_time()
    training = dataset(applications.training(rows.split.indeterminate_weight), names)
    last = dataset(applications.of(CALIBRATION), names)
    judged, margin = _held_out(applications)
    for counts in drawn_counts(len(before.label), refits, DRAW_SEED):
        count_of = pd.Series(counts.astype(int), index=before.application_id)
        taught, line_rows, level_rows = (
            np.repeat(np.arange(len(part.label)), count_of.reindex(part.application_id))
            for part in (training, judged, before)
        )
        door, oot = chosen.margins(training.where(taught), last.features, rows.cohort.rows.features)
        try:
            level = level_of(before.where(level_rows), params)
            drawn = judged.where(line_rows)
            line = fit_held_out(drawn, margin[line_rows], door, level, params)
        except ModelError:
            continue
        yield line.pd(oot)


def _chosen(record: Mapping[str, Any], rows: OotRows) -> _Chosen:
    catalogue = rows.bundle.scorer.catalogue
    return _Chosen(
        learners=section("train", TrainParams).named_learners(),
        steps={name: one["step"] for name, one in record["learners"].items()},
        weights=record["stack"],
        signs=tuple(signs_of(catalogue, catalogue.names)),
    )
