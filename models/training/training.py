"""Run one training: fit booster and ridge logit, check the signs, record what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from creditloom.decision.base.catalogue import VERSION as CATALOGUE_VERSION
from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.learners import ridge
from creditloom.models.learners.booster import BoosterParams, signs_of, weights
from creditloom.models.learners.ridge import Ridge, RidgeParams
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import ChosenFeatures, Dataset, HeldOutMargins
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.second_tasks import SecondTasks
from creditloom.models.sample.split import SplitParams
from creditloom.models.stacking.additive import AdditiveLearner, AdditiveParams
from creditloom.models.stacking.boosted import BoostedLearner, Capacity
from creditloom.models.stacking.learner import Learner, NamedLearner, named_learners
from creditloom.models.stacking.procedure import (
    HeldOutPaths,
    StackChoice,
    chosen,
    held_out_paths,
    members,
    stack_of,
    stacked_trees,
)
from creditloom.models.stacking.refits import Recipe, RefitParams
from creditloom.models.stacking.sign_proof import refuse_broken
from creditloom.models.stacking.stack import Stack, StackParams
from creditloom.models.stacking.tree_text import ModelTree, feature_infos, model_text
from creditloom.models.training.held_out import (
    ApplicantMargins,
    InnerEstimate,
    auc_or_nan,
    inner_estimates,
    judged_origins,
    nested_margins,
    origin_folds,
)
from creditloom.models.training.safest_nulls import SafestNullsLearner, null_readings
from creditloom.models.training.taught_learner import TaughtLearner
from creditloom.models.training.unseen_levels import with_unseen

if TYPE_CHECKING:
    import lightgbm


# --- The check of the signs ---
# Checks by brute force whether a booster keeps the signs of the catalogue: between values, and
# between null and values.

# In log-odds. A smaller difference of two margins comes only from another order of addition.
MARGIN_TOLERANCE = 1e-12


@dataclass(frozen=True)
class SignViolation:
    """A signed feature and how far the booster breaks its sign, in log-odds.

    wrong_step: the largest step against the sign between two values.
    null_gain: how far the margin of null lies below that of the safest value.
    """

    name: str
    sign: int
    wrong_step: float
    null_gain: float


def check(
    booster: lightgbm.Booster,
    features: Floats,
    names: Sequence[str],
    signs: Sequence[int],
    rows: int = 20,
    values: int = 12,
) -> tuple[SignViolation, ...]:
    """Return the features whose sign the booster breaks; () when all hold.

    Each signed feature that the booster uses is set to `values` of its own values and to null, with
    all other features unchanged. This is done on `rows` rows at even steps. A step against the sign
    breaks the sign, and so does a null that is safer than every value.
    """
    sample = features[:: max(1, len(features) // rows)][:rows]
    is_used = booster.feature_importance("split") > 0
    violations = []
    for i, sign in enumerate(signs):
        if not is_used[i] or not sign:
            continue
        known = features[~np.isnan(features[:, i]), i]
        grid = np.append(np.unique(np.quantile(known, np.linspace(0, 1, values))), np.nan)
        wrong_step, null_gain = _sweep(booster, sample, i, grid, sign)
        if wrong_step > MARGIN_TOLERANCE or null_gain > MARGIN_TOLERANCE:
            violations.append(SignViolation(names[i], sign, wrong_step, null_gain))
    return tuple(violations)


def _sweep(
    booster: lightgbm.Booster, sample: Floats, column: int, grid: Floats, sign: int
) -> tuple[float, float]:
    """Return wrong_step and null_gain of one feature; the last value of `grid` is null."""
    swept = np.repeat(sample, len(grid), axis=0)
    swept[:, column] = np.tile(grid, len(sample))
    # One thread: the sample is too small to share.
    raw = booster.predict(swept, raw_score=True, num_threads=1)
    margin = np.asarray(raw).reshape(len(sample), len(grid))
    steps = -sign * np.diff(margin[:, :-1], axis=1)
    safest = margin[:, :-1].min(axis=1)
    # A feature with a single value has no step.
    wrong_step = float(steps.max()) if steps.size else 0.0
    null_gain = float((safest - margin[:, -1]).max())
    return max(0.0, wrong_step), max(0.0, null_gain)


# --- The training ---

# Steps between the numbers of trees that the held-out months choose from.
ROUNDS_STEP = 50
# Decimals of the share of nulls in the catalogue.
SHARE_DECIMALS = 9
# The learners of the world's stack.
BOOSTER = "booster"
SMALL = "small"
ADDITIVE = "additive"


@dataclass(frozen=True)
class TrainParams:
    """The `train` block: the learners whose margins are stacked on the selected features.

    learners: their names. booster: its settings, as `tune` finds them. small: a smaller booster.
    additive: the penalised additive logit. tasks: what teaches beside the label, also the
    challenger. refits: how the error of a concept is measured. safest_nulls: features whose null
    is read as their safest value, because a promised change of raw rows turns it into a value.
    """

    learners: tuple[str, ...]
    booster: BoosterParams
    small: Capacity
    additive: AdditiveParams
    stack: StackParams
    tasks: SecondTasks = field(default_factory=SecondTasks)
    refits: RefitParams = field(default_factory=RefitParams)
    safest_nulls: tuple[str, ...] = ()

    def named_learners(self) -> tuple[NamedLearner, ...]:
        """Return the learners of the stack."""
        first = self.booster.min_trees
        rounds = (*range(first, self.booster.max_trees, ROUNDS_STEP), self.booster.max_trees)
        # Columns of the house are many: their share needs no floor.
        own: dict[str, Learner] = {
            BOOSTER: BoostedLearner(self.booster, rounds, least_columns=1),
            SMALL: BoostedLearner(self.small.booster, self.small.rounds, least_columns=1),
            ADDITIVE: AdditiveLearner(self.additive),
        }
        found = named_learners(self.learners, own)
        return tuple(NamedLearner(one.name, self._of_house(one.learner)) for one in found)

    def _of_house(self, learner: Learner) -> Learner:
        """Return a learner that is taught beside the label and reads nulls as promised."""
        return SafestNullsLearner(TaughtLearner(learner, self.tasks), self.safest_nulls)


@dataclass(frozen=True)
class TrainingResult:
    """The result of one training.

    booster: the whole stack as one model; text: as LightGBM reads it. names: features in model
    order. catalogue: of the model. ridge: the challenger. record: the content of training.json.
    held_out: margins of the judged months, on which the level and the line are fitted.
    applicants: margins of everyone in these months and later, as new to the members; None where
    nobody asked. recipe: what was chosen, to be repeated on other loans.
    """

    booster: lightgbm.Booster
    text: str
    names: tuple[str, ...]
    catalogue: Catalogue
    ridge: Ridge
    record: Mapping[str, Any]
    held_out: HeldOutMargins
    applicants: ApplicantMargins | None = None
    recipe: Recipe | None = None


def train(
    rows: Dataset,
    catalogue: Catalogue,
    split: SplitParams,
    params: TrainParams,
    ridge_params: RidgeParams,
    features: ChosenFeatures | None = None,
    taught: Callable[[NamedLearner], NamedLearner] = lambda learner: learner,
    applicants: Dataset | None = None,
) -> TrainingResult:
    """Fit stack and challenger on labelled rows. Raise ModelError where a sign is broken.

    features: of the model and of each origin; None = all of `rows`. The months that an origin has
    not seen choose all else. taught: tells a learner more than its rows (`models/rejects`).
    applicants: of these months and later, to be scored by members that do not know them.
    """
    wanted = features or ChosenFeatures.the_same(rows.names, split)
    learners = [taught(learner) for learner in params.named_learners()]
    final = wanted.final_rows(rows)
    signs = signs_of(catalogue, final.names)
    nested = _nested(rows, catalogue, split, params, wanted, learners, applicants)
    nulls = null_readings(final, signs, params.safest_nulls)
    stack, trees = _stacked(final, signs, nulls, params, nested.choice, learners)
    text = model_text(trees, final.names, feature_infos(final.features), signs)
    model = _read(text)
    challenger = ridge.fit(rows, split, ridge_params, wanted, params.tasks)
    record = _model_record(model, final, signs) | _nested_record(nested, challenger, rows, params)
    record |= _stack_record(nested.choice, stack, trees, learners)
    recipe = Recipe(final, signs, tuple(learners), nested.choice.steps, stack, nulls)
    return TrainingResult(
        booster=model,
        text=text,
        names=final.names,
        catalogue=_of_model(catalogue, model, final, nulls),
        ridge=challenger,
        record=record,
        held_out=nested.margins_of(stack, rows, challenger),
        applicants=nested.margins_beside(stack, applicants),
        recipe=recipe,
    )


def _of_model(
    catalogue: Catalogue, model: lightgbm.Booster, rows: Dataset, nulls: Floats
) -> Catalogue:
    """Return the catalogue of the model with what training saw of nulls and levels."""
    of_model = _with_nulls(subset(catalogue, rows.names), rows, nulls)
    return with_unseen(of_model, model, rows.features)


def _read(text: str) -> lightgbm.Booster:
    """Return the model of a text, as the runtime reads it."""
    import lightgbm as lgb

    return lgb.Booster(model_str=text)


def _stacked(
    rows: Dataset,
    signs: tuple[int, ...],
    nulls: Floats,
    params: TrainParams,
    choice: StackChoice,
    learners: Sequence[NamedLearner],
) -> tuple[Stack, list[ModelTree]]:
    """Return the stack of members fitted on all rows, and its trees, whose signs are proved."""
    grown = members(rows, signs, learners, choice)
    stack = stack_of(choice, params.learners, grown, params.stack)
    helping = [grown[name] for name in stack.names]
    trees = stacked_trees(helping, stack, nulls)
    refuse_broken(trees, rows.names, signs)
    return stack, trees


@dataclass(frozen=True)
class _Nested:
    """What the origins have chosen together, and what the nested procedure reaches on each."""

    choice: StackChoice
    estimates: tuple[InnerEstimate, ...]
    pooled_auc: float
    beside: HeldOutPaths

    def margins_beside(self, stack: Stack, applicants: Dataset | None) -> ApplicantMargins | None:
        """Return the held-out margins of the applicants that were scored beside the rows."""
        if applicants is None:
            return None
        scored = self.beside.is_judged
        steps = self.choice.steps
        own = [self.beside.paths[name][scored, steps[name]] for name in stack.names]
        margin = stack.margin(np.stack(own, axis=1))
        return ApplicantMargins(applicants.application_id[scored], margin)

    def margins_of(self, stack: Stack, rows: Dataset, challenger: Ridge) -> HeldOutMargins:
        """Return the held-out margins of stack and challenger on the judged rows."""
        judged = self.choice.is_judged
        assert challenger.held_out is not None
        return HeldOutMargins(
            application_id=rows.application_id[judged],
            margin=stack.margin(self.choice.of(stack.names)),
            ridge_margin=challenger.held_out[judged],
        )


def _nested(
    rows: Dataset,
    catalogue: Catalogue,
    split: SplitParams,
    params: TrainParams,
    features: ChosenFeatures,
    learners: Sequence[NamedLearner],
    applicants: Dataset | None,
) -> _Nested:
    """Judge the learners on the rolling origins: each choice on rows before the months it meets."""
    weight = weights(rows, params.booster.max_weight)
    sign_of = dict(zip(features.names, signs_of(catalogue, features.names), strict=True))
    folds = origin_folds(rows, sign_of, split, features, applicants)
    n = len(rows.label)
    beside = 0 if applicants is None else len(applicants.label)
    both = held_out_paths(folds, learners, n + beside)
    paths = both.part(0, n)
    judged = judged_origins(rows, split)
    margin = nested_margins(paths, judged, rows.label, weight, params.stack)
    seen = paths.is_judged
    return _Nested(
        choice=chosen(paths, rows.label, weight),
        estimates=inner_estimates(margin, judged, rows, weight),
        pooled_auc=auc_or_nan(rows.label[seen], margin[seen], weight[seen]),
        beside=both.part(n),
    )


def _nested_record(
    nested: _Nested, challenger: Ridge, rows: Dataset, params: TrainParams
) -> dict[str, Any]:
    """Return what the nested procedure reaches, and with what and by when it was taught."""
    by_origin = [
        {**asdict(one), "auc": None if np.isnan(one.auc) else one.auc} for one in nested.estimates
    ]
    pooled = None if np.isnan(nested.pooled_auc) else nested.pooled_auc
    return {
        "known_by": rows.known_by,
        "exposed_rows": float(rows.learning_share.sum()),
        "inner_auc": pooled,
        "inner_auc_by_origin": by_origin,
        "ridge_penalty": challenger.penalty,
        "ridge_penalty_inside_grid": challenger.is_inside_grid,
        "params": asdict(params),
    }


def _model_record(model: lightgbm.Booster, rows: Dataset, signs: tuple[int, ...]) -> dict[str, Any]:
    """Return the counts of rows, bads, features and signs, and where null is safer than a value."""
    return {
        "n_rows": len(rows.label),
        "n_bads": int(rows.label.sum()),
        "n_features": len(rows.names),
        "n_signed": sum(sign != 0 for sign in signs),
        "null_safer_than_any_value": _null_gains(model, rows, signs),
    }


def _stack_record(
    choice: StackChoice,
    stack: Stack,
    trees: Sequence[ModelTree],
    learners: Sequence[NamedLearner],
) -> dict[str, Any]:
    """Return the size of the stack, its weights, and what was chosen for each learner."""
    weights_by_name = dict(zip(stack.names, stack.weights, strict=True))
    paths = {named.name: _path_record(choice, named) for named in learners}
    return {
        "trees": len(trees),
        "leaves": sum(tree.leaves for tree in trees),
        "stopping_bads": int(choice.label.sum()),
        "stack": weights_by_name,
        "learners": paths,
    }


def _path_record(choice: StackChoice, named: NamedLearner) -> dict[str, Any]:
    """Return which complexity of a learner was chosen, and its log-loss on the held-out months."""
    losses = choice.losses[named.name]
    step = choice.steps[named.name]
    return {"step": step, "of_steps": len(losses), "stopping_logloss": losses[step]}


def _null_gains(model: lightgbm.Booster, rows: Dataset, signs: tuple[int, ...]) -> dict[str, float]:
    """Return by feature how much safer its null is than any value, in log-odds.

    LightGBM keeps the sign between values, but not for null. A broken step is refused; a null that
    is safer than all values is only recorded.
    """
    violations = check(model, rows.features, rows.names, signs)
    wrong = [violation.name for violation in violations if violation.wrong_step > MARGIN_TOLERANCE]
    if wrong:
        raise ModelError(
            f"The model breaks the sign of {len(wrong)} features, first `{wrong[0]}`; "
            "expected none. Report this LightGBM version."
        )
    return {violation.name: round(violation.null_gain, 6) for violation in violations}


def _with_nulls(catalogue: Catalogue, rows: Dataset, nulls: Floats) -> Catalogue:
    """Return the catalogue with what training saw of nulls, and what is read in their place."""
    shares = np.isnan(rows.features).mean(axis=0)
    features = tuple(
        replace(
            feature,
            null_share=round(float(share), SHARE_DECIMALS),
            typical=None if np.isnan(typical) else float(typical),
        )
        for feature, share, typical in zip(catalogue.features, shares, nulls, strict=True)
    )
    return replace(catalogue, features=features, version=CATALOGUE_VERSION)


def subset(catalogue: Catalogue, names: tuple[str, ...]) -> Catalogue:
    """Return the catalogue of the model: its own features in model order, and all concepts."""
    by_name = {feature.name: feature for feature in catalogue.features}
    return replace(catalogue, features=tuple(by_name[name] for name in names))
