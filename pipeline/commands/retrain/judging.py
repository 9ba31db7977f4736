"""Judge the new model and the champion on the same rows, each by its own code.

The rows are applications of the judged months, of which neither has learnt. Their outcomes are what
was known on the day of the retrain; the truth is never read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.base.catalogue import Catalogue
from creditloom.decision.score.tiers import Tiers
from creditloom.models.calibration.calibration import CalibrationParams
from creditloom.models.calibration.group_calibration import JudgedLoans, group_table, worst_group
from creditloom.models.calibration.level import binomial_sd, relative_sd
from creditloom.models.evaluation.cohort import Cohort
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.evaluation.groups.group_figures import Judged, groups_of
from creditloom.models.evaluation.rivals.duels import Luck
from creditloom.models.evaluation.rivals.young_loans import (
    PairedFigures,
    YoungFigures,
    YoungLoans,
    paired_figures,
    require_both_classes,
    young_figures,
)
from creditloom.models.learners.ridge import from_json
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import LEAST_EXPOSURE, Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import OOT, SplitParams, learnt_outcomes, month_index, roles
from creditloom.pipeline.base import paths
from creditloom.serving.batch.deciding_model import DecidingModel
from creditloom.serving.inputs import columns
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.store import iter_tables, open_parquet, read_frame, read_json

# Names of the rivals, as the gate knows them.
RIDGE = "ridge"
INCUMBENT = "incumbent"
# Points of the lender's earlier scorecard; more is safer.
INCUMBENT_SCORE = "incumbent_score"
# What groups of borrowers are made of beside the features; each where the matrix has it.
AUDIT = ("occupation", "is_repeat")
# Rows that are decided at a time.
BLOCK = 20_000


@dataclass(frozen=True)
class JudgingParams:
    """The blocks of params.yaml that say how figures are made."""

    evaluate: EvaluateParams
    calibration: CalibrationParams

    @property
    def luck(self) -> Luck:
        """Return how the luck of the applicants is drawn."""
        return Luck(self.evaluate.paired_draws, self.evaluate.seed)


@dataclass(frozen=True)
class DecidedRows:
    """What a model says to the judged applications; arrays of shape (n,), NaN or "" if refused."""

    pd: Floats
    decision: Any


@dataclass(frozen=True)
class ChampionFigures:
    """The champion on the same rows, and the new model held against it.

    swapped_in: applications that the new model approves and the champion does not; swapped_out: the
    reverse.
    """

    figures: YoungFigures
    paired: PairedFigures
    approved: float
    swapped_in: int
    swapped_out: int


@dataclass(frozen=True)
class JudgedModels:
    """The result of the judging.

    applications, loans, bads: that both models judged. exposure: mean of the loans. worst_group: of
    the new model, with the level aligned, p adjusted by Holm. rivals: by name. champion: None where
    there is none.
    """

    applications: int
    loans: int
    bads: int
    exposure: float
    figures: YoungFigures
    approved: float
    worst_group: Mapping[str, Any]
    rivals: Mapping[str, PairedFigures]
    champion: ChampionFigures | None

    @property
    def metrics(self) -> dict[str, Any]:
        """Return the figures under the keys of metrics.json that the gate reads."""
        weighted = {"calibration_in_the_large_p": self.figures.p}
        return {
            "observable": {"auc_oot": self.figures.auc, "weighted": weighted},
            "group_calibration": {"booked": {"worst_shape": dict(self.worst_group)}},
            "duels": [
                {"id": f"{name}_booked", **asdict(figures)} for name, figures in self.rivals.items()
            ],
        }


@dataclass(frozen=True)
class _Rows:
    """The judged applications: their columns, their outcomes as known on the day."""

    frame: pd.DataFrame
    data: Dataset

    def where(self, mask: Mask) -> _Rows:
        """Return the applications of `mask`."""
        return _Rows(self.frame[mask].reset_index(drop=True), self.data.where(mask))


def judge_models(
    folder: Path,
    split: SplitParams,
    params: JudgingParams,
    champion: DecidingModel | None,
) -> JudgedModels:
    """Judge the model in `folder`, and the champion beside it, on the split's last months.

    Raises ModelError where too few outcomes are known, DecisionError where the champion cannot read
    the features that this code makes.
    """
    challenger = DecidingModel.of_bundle(folder / paths.MODEL)
    models = [challenger] if champion is None else [challenger, champion]
    rows = _rows(folder, split, models)
    answers = [decided_rows(model, rows.frame) for model in models]
    both = np.all([~np.isnan(answer.pd) for answer in answers], axis=0)
    rows = rows.where(both)
    answers = [DecidedRows(answer.pd[both], answer.decision[both]) for answer in answers]
    is_told = _is_told(rows.data)
    loans = _loans(rows.data, params.calibration.max_weight).where(is_told)
    require_both_classes(loans, f"Judged months, as known on {split.known_by}")
    pd_ = answers[0].pd[is_told]
    ours = _figures(loans, pd_, folder / paths.MODEL)
    beside = None
    if champion is not None:
        beside = _beside(loans, is_told, answers, champion.bundle, params)
    worst = _worst_group(folder / paths.MODEL, rows, answers[0].pd, is_told, params)
    rivals = _rivals(folder, rows.where(is_told), loans, pd_, params.luck)
    return JudgedModels(
        applications=len(both),
        loans=len(loans.y),
        bads=loans.bads,
        exposure=loans.mean_exposure,
        figures=ours,
        approved=_approved(answers[0]),
        worst_group=worst,
        rivals=rivals,
        champion=beside,
    )


def decided_rows(model: DecidingModel, frame: pd.DataFrame) -> DecidedRows:
    """Return PD and decision of each row by the model's own code."""
    wanted = [one.read_from for one in columns(model.bundle, set(frame.columns))]
    parts = [
        model.runtime.predict(frame[wanted].iloc[start : start + BLOCK], {"explain": "none"})
        for start in range(0, len(frame), BLOCK)
    ]
    answers = pd.concat(parts, ignore_index=True)
    return DecidedRows(
        pd=answers["pd"].to_numpy(np.float64, na_value=np.nan),
        decision=answers["decision"].fillna("").to_numpy(str),
    )


def _rows(folder: Path, split: SplitParams, models: list[DecidingModel]) -> _Rows:
    """Return the applications of the judged months, with all columns that anyone reads."""
    matrix = folder / paths.MATRIX
    with open_parquet(matrix) as file:
        there = set(file.schema_arrow.names)
    ridge = read_document(folder / paths.RIDGE, RESULTS)
    names = dict.fromkeys(
        [
            *(one.read_from for model in models for one in columns(model.bundle, there)),
            *from_json(ridge).design.names,
            *(name for name in (*AUDIT, INCUMBENT_SCORE) if name in there),
        ]
    )
    as_of = read_frame(matrix, ["application_id", "as_of"])
    is_judged = roles(as_of["as_of"].to_numpy(), split) == OOT
    # The model reads only columns that are there; those of the champion are checked here.
    for model in models:
        model_columns = [one.read_from for one in columns(model.bundle, there)]
        _require(model.name, model_columns, there)
    frame = _read(matrix, list(names), is_judged)
    everyone = _as_known(as_of, read_frame(folder / paths.LABELS), split)
    catalogue = Catalogue.from_json((folder / paths.MODEL_CATALOGUE).read_bytes())
    data = replace(
        everyone.where(is_judged),
        features=frame[list(catalogue.names)].to_numpy(np.float64, na_value=np.nan),
        names=catalogue.names,
    )
    return _Rows(frame, data)


def _require(model: str, names: list[str], there: set[str]) -> None:
    """Raise ModelError where a model reads a column that the new features lack."""
    missing = [name for name in names if name not in there]
    if missing:
        raise ModelError(
            f"{model}: expected {len(names)} columns in the new matrix, {len(missing)} are "
            f"missing, first `{missing[0]}`. The features of this code are not those that it was "
            "trained on: promote a model of this code by hand, then retrain."
        )


def _read(matrix: Path, names: list[str], is_judged: Mask) -> pd.DataFrame:
    """Return columns of the judged rows, in the order of the matrix."""
    parts = []
    start = 0
    for block in iter_tables(matrix, names, BLOCK):
        frame = block.to_pandas(ignore_metadata=True)
        parts.append(frame[is_judged[start : start + len(frame)]])
        start += len(frame)
    return pd.concat(parts, ignore_index=True)


def _as_known(as_of: pd.DataFrame, labels: pd.DataFrame, split: SplitParams) -> Dataset:
    """Return every application with its outcome as known on the day, the judged ones too."""
    ids = as_of["application_id"].to_numpy()
    moments = as_of["as_of"].to_numpy()
    rows = labels.set_index("application_id").reindex(ids)
    known = learnt_outcomes(rows, moments, np.ones(len(ids), bool), split)
    weight = rows["weight"].to_numpy(np.float64, na_value=0.0)
    month = month_index(moments, split)
    role = roles(moments, split)
    return Dataset(
        application_id=ids,
        features=np.empty((len(ids), 0)),
        names=(),
        label=known.label,
        outcome=known.outcome,
        weight=weight,
        month=month,
        role=role,
        exposure=known.exposure,
        known_by=split.known_by,
    )


def _is_told(data: Dataset) -> Mask:
    """Return which rows are loans of which something is known by now."""
    return np.asarray(~np.isnan(data.outcome) & (data.learning_share > LEAST_EXPOSURE))


def _loans(data: Dataset, max_weight: float) -> YoungLoans:
    # A clip as in calibration: one loan that was booked against the odds must not be all.
    weight = np.minimum(data.weight, max_weight)
    return YoungLoans(y=data.outcome, exposure=data.exposures, weight=weight)


def _figures(loans: YoungLoans, pd_: Floats, bundle: Path) -> YoungFigures:
    return young_figures(loans, pd_, level_sd(bundle))


def level_sd(bundle: Path) -> float:
    """Return the relative standard deviation of the level of a bundle's PD; 0 if unsaid.

    A bundle without a forecast (fitted without dates, or by an earlier version) has the error of
    its bads alone, and no economy.
    """
    stated = read_json(bundle / "calibration.json")
    level = stated.get("level")
    if level is not None:
        return relative_sd(level["low"], level["high"], level["interval"])
    bads = stated.get("level_bads", stated.get("n_bads"))
    return binomial_sd(bads) if bads else 0.0


def _beside(
    loans: YoungLoans,
    is_told: Mask,
    answers: list[DecidedRows],
    bundle: Path,
    params: JudgingParams,
) -> ChampionFigures:
    """Return the champion's figures, and the new model against it."""
    ours, theirs = answers
    is_approved = ours.decision == "approve"
    was_approved = theirs.decision == "approve"
    swapped_in = int((is_approved & ~was_approved).sum())
    swapped_out = int((was_approved & ~is_approved).sum())
    their_pd = theirs.pd[is_told]
    return ChampionFigures(
        figures=_figures(loans, their_pd, bundle),
        paired=paired_figures(loans, ours.pd[is_told], their_pd, params.luck),
        approved=_approved(theirs),
        swapped_in=swapped_in,
        swapped_out=swapped_out,
    )


def _approved(answer: DecidedRows) -> float:
    return float((answer.decision == "approve").mean())


def _rivals(
    folder: Path, rows: _Rows, loans: YoungLoans, pd_: Floats, luck: Luck
) -> dict[str, PairedFigures]:
    """Return the new model against its own ridge and the lender's earlier score."""
    ridge = from_json(read_document(folder / paths.RIDGE, RESULTS))
    x = rows.frame[list(ridge.design.names)].to_numpy(np.float64, na_value=np.nan)
    scores = {RIDGE: ridge.margin(x)}
    if INCUMBENT_SCORE in rows.frame:
        points = rows.frame[INCUMBENT_SCORE].to_numpy(np.float64, na_value=np.nan)
        scores[INCUMBENT] = -points
    found = {}
    for name, score in scores.items():
        known = ~np.isnan(score)
        part = loans.where(known)
        # A rival that knows no bad of them is not measured, and the gate says so.
        if min(part.bads, len(part.y) - part.bads) > 1:
            found[name] = paired_figures(part, pd_[known], score[known], luck)
    return found


def _worst_group(
    bundle: Path, rows: _Rows, pd_: Floats, is_told: Mask, params: JudgingParams
) -> dict[str, Any]:
    """Return p, field and group of the worst group of the new model, with the level aligned."""
    catalogue = Catalogue.from_json((bundle / "catalogue.json").read_bytes())
    tiers = Tiers.from_json((bundle / "tiers.json").read_text(encoding="utf-8"))
    audit = rows.frame[[name for name in AUDIT if name in rows.frame]]
    deviation = level_sd(bundle)
    cohort = Cohort(
        rows=rows.data,
        pd=pd_,
        ridge_pd=pd_,
        decisions=pd.DataFrame(),
        audit=audit,
        truth=None,
        level_sd=deviation,
        max_weight=params.calibration.max_weight,
    )
    groups = groups_of(Judged(cohort, catalogue, tiers))[is_told].reset_index(drop=True)
    loans = _loans(rows.data, params.calibration.max_weight).where(is_told)
    judged = JudgedLoans(
        y=loans.y,
        pd=pd_[is_told] * loans.exposure,
        weight=loans.weight,
        level_sd=deviation,
        min_expected=params.evaluate.min_tier_bads,
    )
    table = group_table(judged, groups, params.evaluate.paired_draws, params.evaluate.seed)
    return worst_group(table, "shape_p_holm")
