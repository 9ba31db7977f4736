"""What `creditloom alternatives` searches on, and how its end is judged and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from creditloom.models.evaluation.groups.alternatives.change import ColumnScale, ModelChange
from creditloom.models.evaluation.groups.alternatives.judging import AlternativeJudge
from creditloom.models.evaluation.groups.alternatives.penalised import AlternativeLearner
from creditloom.models.evaluation.groups.alternatives.proposals import (
    JudgedChange,
    Proposals,
    choose,
    front,
)
from creditloom.models.evaluation.groups.alternatives.search import (
    AlternativeSearch,
    widest_columns,
)
from creditloom.models.evaluation.groups.alternatives.truth_figures import judge_front
from creditloom.models.sample.split import SplitParams
from creditloom.models.training.training import TrainParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.origins.alternatives.page import page_of
from creditloom.pipeline.commands.origins.alternatives.search_rows import (
    AlternativesError,
    GroupPair,
    candidate_columns,
    judged_people,
    training_rows,
)
from creditloom.pipeline.commands.own_outputs import FIGURES
from creditloom.pipeline.stages.results.evaluate.truth_sample import has_truth
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.store import read_json, write_json, write_text

PAGE = "page.md"
# Draws of the people who judge: the ends of an interval are then known to a tenth of its width.
DRAWS = 200
# Points of the front that are judged beside the given and the chosen one: an AUC takes most time.
SHOWN_POINTS = 10
# A leaf holds a quarter of the goods of a full training, so its least number is smaller.
LEAST_LEAF = 20


def search_of(
    pair: GroupPair, joined: tuple[str, ...], *, passed: float, trees: int, seed: int
) -> AlternativeSearch:
    """Return the search of the selected features, the small booster and the training months."""
    split = section("split", SplitParams)
    booster = section("train", TrainParams).small.booster
    names = tuple(read_document(paths.SELECTED, RESULTS)["features"])
    columns = candidate_columns(names, joined)
    rows = training_rows(columns, pair, split, booster.max_weight, seed)
    # One thread: a booster of this size is slower with more.
    params = replace(booster, threads=1, min_data_in_leaf=LEAST_LEAF, seed=seed)
    scale = ColumnScale.of(rows.features, columns)
    judge = AlternativeJudge(rows, AlternativeLearner(columns, scale, params, trees), passed)
    proposals = Proposals(columns, widest_columns(judge), joined, seed)
    return AlternativeSearch(judge, proposals, models=1)


def require_open(file: Path, digest: str, models: int) -> None:
    """Raise AlternativesError for a search that was judged: more models would choose by the truth.

    The same number of models is allowed: it gives the same figures again.
    """
    if not file.is_file():
        return
    figures = read_json(file)
    if figures["digest"] == digest and figures["models"] != models:
        raise AlternativesError(
            f"{file}: this search of {figures['models']} models was judged; expected no other "
            f"number, got --models {models}. Give another --seed and --out to search anew"
        )


def judged_figures(
    search: AlternativeSearch, pair: GroupPair, judged: Sequence[JudgedChange], target: float
) -> dict[str, Any]:
    """Return the front with what the folds say, and what the judged people say of each point."""
    chosen = choose(judged, target)
    points = shown_points(judged, chosen)
    judge = search.judge
    people = judged_people(judge.learner.columns, pair, section("split", SplitParams))
    found = judge_front(points, judge.rows, judge.learner, people, judge.passed, DRAWS)
    told = {one["ordinal"]: one for one in found}
    listed = [{**_folds(one), "judged": told[one.ordinal]} for one in points]
    # table: figure -> value
    return {
        "field": pair.field,
        "group": list(pair.groups),
        "against": list(pair.against),
        "seed": section("seed", int),
        "passed": judge.passed,
        "target": target,
        "models": len(judged),
        "loans": len(judge.rows.label),
        "bads": int(judge.rows.label.sum()),
        "judged_by": "truth" if has_truth() else "booked loans",
        "people": len(people.risk),
        "is_reached": abs(chosen.figures.gap) <= target * abs(judged[0].figures.gap),
        "chosen": chosen.ordinal,
        "front": listed,
        "steps": [_folds(one) for one in _single_steps(judged)],
    }


def shown_points(judged: Sequence[JudgedChange], chosen: JudgedChange) -> list[JudgedChange]:
    """Return the given model, the chosen one and points of the front at even steps, by gap."""
    rest = [one for one in front(judged) if one.ordinal not in (0, chosen.ordinal)]
    places = np.unique(np.linspace(0, len(rest) - 1, min(SHOWN_POINTS, len(rest))).astype(int))
    others = {rest[k].ordinal: rest[k] for k in places}
    listed = {judged[0].ordinal: judged[0], chosen.ordinal: chosen, **others}
    given, *later = listed.values()
    # By number where gaps are equal, so that the page has one order.
    return [given, *sorted(later, key=lambda one: (-abs(one.figures.gap), one.ordinal))]


# Single steps that the page lists: those that close most of the gap.
STEPS = 8


def _single_steps(judged: Sequence[JudgedChange]) -> list[JudgedChange]:
    """Return the steps without a penalty that close most of the gap, the largest first."""
    steps = [one for one in judged[1:] if not one.change.penalty and _is_single(one.change)]
    # By number where gaps are equal, so that the page has one order.
    return sorted(steps, key=lambda one: (abs(one.figures.gap), one.ordinal))[:STEPS]


def _is_single(change: ModelChange) -> bool:
    """Return whether the change is a column, a concept as one column, or a path by itself."""
    moved = (len(change.dropped), len(change.merged), change.thin != "as_is", not change.is_signed)
    return sum(map(int, moved)) == 1


def _folds(one: JudgedChange) -> dict[str, Any]:
    return {
        "ordinal": one.ordinal,
        "words": one.change.words,
        "change": one.change.to_json(),
        "folds": one.figures.to_json(),
    }


def written(figures: Mapping[str, Any], out: Path) -> str:
    """Write figures and page into the folder; return the page."""
    write_json(dict(figures), out / FIGURES)
    text = page_of(figures)
    write_text(text, out / PAGE)
    return text
