"""The out-of-time applicants of a run whose stages have run, with PD and truth, to be judged.

Every function here works in the current folder, which holds the run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from creditloom.decision.bundle import Bundle
from creditloom.decision.decide import Decider
from creditloom.models.calibration.calibration import CalibrationParams
from creditloom.models.evaluation.cohort import Cohort, aligned_rows, pd_of
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.evaluation.groups import group_figures
from creditloom.models.evaluation.rivals import reachable_gini
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.split import OOT, SplitParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.matrix_reader import dataset, everyone, frame
from creditloom.pipeline.base.params import section
from creditloom.pipeline.stages.results.evaluate.truth_sample import truth_alone, truth_sample
from creditloom.storage.files.store import open_parquet, read_frame

# Column of the matrix that tells new from repeat customers.
REPEAT = "is_repeat"


@dataclass(frozen=True)
class OotRows:
    """The out-of-time applicants of one run, as `evaluate` judges them, and the model's bundle."""

    cohort: Cohort
    bundle: Bundle
    applications: Dataset
    split: SplitParams

    @property
    def pd_true(self) -> Floats:
        """Return the true PD of each row."""
        # Runs of the evidence are simulated worlds: there is a truth.
        assert self.cohort.truth is not None
        return pd_of(self.cohort.truth, "pd_true")

    def groups(self) -> pd.DataFrame:
        """Return the group of each row, one column per field, as `evaluate` makes them."""
        scorer = self.bundle.scorer
        judged = group_figures.Judged(self.cohort, scorer.catalogue, self.bundle.tiers)
        return group_figures.groups_of(judged)

    def reachable_pd(self) -> Floats:
        """Return the PD that the same matrix can tell: fitted on the truth of earlier applicants.

        The luck that no column shows (u, the intent of fraud) is averaged out in it.
        """
        params = section("evaluate", EvaluateParams)
        names = self.bundle.scorer.catalogue.names
        truth = truth_sample(names, self.split, params.judged_features)
        assert truth is not None
        early = aligned_rows(truth.applicants, truth.known.application_id, "truth")
        log_odds = reachable_gini.reachable_logodds(
            truth.known,
            pd_of(early, "logodds_systematic"),
            pd_of(early, "pd_neutral"),
            dataset(self.cohort.rows, truth.known.names),
            reachable_gini.TreeParams(params.reachable_rounds, threads=params.threads),
        )
        return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))


def oot_rows() -> OotRows:
    """Return the out-of-time applicants of the run in the current folder."""
    split = section("split", SplitParams)
    bundle = Decider.load(paths.MODEL).bundle
    applications = everyone(split)
    rows = dataset(applications.out_of_time(), bundle.scorer.catalogue.names)
    ids = rows.application_id
    decisions = aligned_rows(read_frame(paths.DECISIONS, ["application_id", "pd"]), ids, "decided")
    own_pd = pd_of(decisions, "pd")
    cohort = Cohort(
        rows=rows,
        pd=own_pd,
        # The challenger is not judged here.
        ridge_pd=own_pd,
        decisions=decisions,
        audit=_audit(split),
        truth=aligned_rows(truth_alone(split).applicants, ids, "truth"),
        # Of tests that are not made here.
        level_sd=0.0,
        max_weight=section("calibration", CalibrationParams).max_weight,
    )
    return OotRows(cohort, bundle, applications, split)


def _audit(split: SplitParams) -> pd.DataFrame:
    with open_parquet(paths.MATRIX) as matrix:
        is_known = REPEAT in matrix.schema_arrow.names
    return frame(["application_id", *([REPEAT] if is_known else [])], split, [OOT])
