"""Fits the rivals of the model and reads the incumbent's score, each for the same applications."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.evaluation.cohort import aligned_rows, pd_of
from creditloom.models.evaluation.rivals.fitted import (
    INCUMBENT,
    RIDGE,
    Rival,
    RivalParams,
    complete_windows,
    fit_rivals,
)
from creditloom.models.evaluation.rivals.paired import Scores
from creditloom.models.learners.ridge import Ridge
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.split import OOT, SplitParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.matrix_reader import dataset, frame
from creditloom.pipeline.base.params import document
from creditloom.storage.files.store import open_parquet

# Points of the lender's earlier scorecard; more is safer.
INCUMBENT_SCORE = "incumbent_score"


def fitted_rivals(applications: Dataset, split: SplitParams) -> tuple[Rival, ...]:
    """Return the rivals, fitted on the labelled loans of the training months and all features."""
    catalogue = Catalogue.from_json(paths.CATALOGUE.read_bytes())
    known, months = complete_windows(applications.training(), split)
    # float32 is enough for bins and winsorised columns, and halves the memory.
    loans = dataset(known, catalogue.names, single=True)
    return fit_rivals(loans, catalogue, months, document(RivalParams, paths.RIVALS))


def rival_scores(
    rivals: Sequence[Rival], challenger: Ridge, oot: Dataset, split: SplitParams
) -> dict[str, Scores]:
    """Return the scores of each rival on `oot`, in its order; they rise with risk.

    The incumbent is among them where the lender's earlier score is known.
    """
    of_ridge = oot.with_features(challenger.design.names).features
    scores: dict[str, Scores] = {RIDGE: (challenger.margin(of_ridge),)}
    scores |= {rival.name: rival.scores(oot) for rival in rivals}
    with open_parquet(paths.MATRIX) as matrix:
        is_known = INCUMBENT_SCORE in matrix.schema_arrow.names
    if is_known:
        rows = frame(["application_id", INCUMBENT_SCORE], split, [OOT])
        points = pd_of(aligned_rows(rows, oot.application_id, "incumbent"), INCUMBENT_SCORE)
        # A source that states the column and never fills it has no incumbent.
        if not np.isnan(points).all():
            scores[INCUMBENT] = (-points,)
    return scores
