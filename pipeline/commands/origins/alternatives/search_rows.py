"""Reads who teaches and who judges, for `creditloom alternatives`.

The truth is read by `judged_people` alone, once, after the search has ended and has chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.evaluation.groups.alternatives.change import CandidateColumns
from creditloom.models.evaluation.groups.alternatives.judging import SearchRows, thinned
from creditloom.models.evaluation.groups.alternatives.truth_figures import JudgedPeople
from creditloom.models.evaluation.groups.audit_groups import audit_groups
from creditloom.models.evaluation.groups.fairness_rules import FairnessRules
from creditloom.models.evaluation.groups.group_figures import is_thin
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import OOT, TRAIN, SplitParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.matrix_reader import dataset, everyone, frame
from creditloom.pipeline.base.params import document
from creditloom.pipeline.stages.results.evaluate.audit_columns import audit_columns
from creditloom.pipeline.stages.results.evaluate.truth_sample import has_truth, truth_alone
from creditloom.storage.files.store import open_parquet

# Folds of the search: every loan is judged by the model of the other half.
FOLDS = 2
# Goods that teach for each bad; the others only judge.
GOODS_PER_BAD = 25.0
# Clip of 1 / propensity where rows stand for the door: that of a control band of 5 %.
DOOR_WEIGHT = 20.0
REST = "rest"


class AlternativesError(ValueError):
    """An option of `creditloom alternatives` names what is not there."""


@dataclass(frozen=True)
class GroupPair:
    """Whose gap is searched. groups, against: names of one field; `rest` = everybody else."""

    field: str
    groups: tuple[str, ...]
    against: tuple[str, ...]

    def masks(self, groups: pd.DataFrame) -> tuple[Mask, Mask]:
        """Return who is in the group and in the reference.

        Raise AlternativesError for a field or group that no application has.
        """
        if self.field not in groups:
            raise AlternativesError(
                f"--field {self.field}: expected one of {', '.join(groups.columns)}; "
                "other fields are not in the matrix"
            )
        told = groups[self.field].astype(str).to_numpy()
        known = sorted(set(told[groups[self.field].notna()]))
        for name in (*self.groups, *self.against):
            if name not in known and name != REST:
                raise AlternativesError(
                    f"{self.field} {name}: expected groups of {', '.join(known)}, got {name}"
                )
        is_group = np.isin(told, self.groups)
        if self.against == (REST,):
            return is_group, ~is_group & groups[self.field].notna().to_numpy()
        return is_group, np.isin(told, self.against)


def candidate_columns(names: Sequence[str], joined: Sequence[str]) -> CandidateColumns:
    """Return the model's columns and those joined to them.

    Raise AlternativesError for a joined column that the matrix does not have.
    """
    with open_parquet(paths.MATRIX) as matrix:
        known = set(matrix.schema_arrow.names)
    missing = [name for name in joined if name not in known]
    if missing:
        raise AlternativesError(
            f"--with {missing[0]}: expected a column of {paths.MATRIX}, got none of that name"
        )
    catalogue = Catalogue.from_json(paths.CATALOGUE.read_bytes())
    of_name = {feature.name: feature for feature in catalogue.features}
    features = [of_name[name] for name in names]
    signs = tuple(one.direction for one in features) + (0,) * len(joined)
    concepts = tuple(one.concept for one in features) + tuple(joined)
    families = tuple(one.family for one in features) + tuple(joined)
    return CandidateColumns((*names, *joined), signs, concepts, families)


def training_rows(
    columns: CandidateColumns, pair: GroupPair, split: SplitParams, max_weight: float, seed: int
) -> SearchRows:
    """Return the labelled loans of the training months; later months teach and judge nothing."""
    loans = dataset(everyone(split).of(TRAIN).training(), columns.names, single=True)
    is_group, is_reference = pair.masks(_groups(loans, split, TRAIN))
    told = loans.learning_share
    weight = np.minimum(loans.weight, max_weight) * told
    # A seed of its own: the folds hang on nothing else that is drawn.
    fold = np.random.default_rng([seed, FOLDS]).integers(0, FOLDS, len(loans.label))
    # The clip: rows stand for the door, and a few of them must not stand for all of it.
    door_weight = np.minimum(loans.weight, DOOR_WEIGHT) * told
    return SearchRows(
        features=loans.features,
        label=loans.label,
        taught_weight=weight,
        learnt_weight=thinned(loans.label, weight, GOODS_PER_BAD, seed),
        door_weight=door_weight,
        is_group=is_group,
        is_reference=is_reference,
        is_thin=_thin(loans),
        fold=fold,
    )


def judged_people(columns: CandidateColumns, pair: GroupPair, split: SplitParams) -> JudgedPeople:
    """Return the out-of-time applicants; of a world with a truth everyone, else booked loans."""
    rows = dataset(everyone(split).out_of_time(), columns.names, single=True)
    is_group, is_reference = pair.masks(_groups(rows, split, OOT))
    risk, is_bad, weight = _outcomes(rows, split)
    known = weight > 0
    return JudgedPeople(
        features=rows.features[known],
        risk=risk[known],
        is_good=~is_bad[known],
        weight=weight[known],
        is_group=is_group[known],
        is_reference=is_reference[known],
        is_thin=_thin(rows)[known],
    )


def _outcomes(rows: Dataset, split: SplitParams) -> tuple[Floats, Mask, Floats]:
    """Return risk, who is bad, and the weight of each row."""
    if not has_truth():
        known = np.where(np.isnan(rows.outcome), 0.0, np.minimum(rows.weight, DOOR_WEIGHT))
        risk = np.nan_to_num(rows.outcome)
        return risk, risk == 1.0, known
    people = truth_alone(split).applicants.set_index("application_id").loc[rows.application_id]
    is_bad = people["defaulted"].to_numpy(bool)
    return people["pd_true"].to_numpy(np.float64), is_bad, np.ones(len(is_bad))


def _groups(rows: Dataset, split: SplitParams, role: str) -> pd.DataFrame:
    told = frame(audit_columns(), split, [role]).set_index("application_id")
    audit = told.loc[rows.application_id].reset_index()
    return audit_groups(audit, _thin(rows), document(FairnessRules, paths.FAIRNESS))


def _thin(rows: Dataset) -> Mask:
    catalogue = Catalogue.from_json(paths.CATALOGUE.read_bytes())
    names = set(rows.names)
    known = tuple(one for one in catalogue.features if one.name in names)
    thin = is_thin(rows, replace(catalogue, features=known))
    if thin is None:
        raise ModelError("The search has no payment feature to tell a thin file by; select some.")
    return thin
