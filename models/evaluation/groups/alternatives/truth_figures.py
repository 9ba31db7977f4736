"""Judge the front of a finished search once, on people and months that it never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from creditloom.models.evaluation.groups.alternatives.change import Features
from creditloom.models.evaluation.groups.alternatives.judging import (
    NORMAL_95,
    SearchRows,
    gap_of,
    weighted_quantile,
)
from creditloom.models.evaluation.groups.alternatives.penalised import AlternativeLearner
from creditloom.models.evaluation.groups.alternatives.proposals import JudgedChange
from creditloom.models.evaluation.rivals.paired import interval, paired_draws
from creditloom.models.sample.arrays import Floats, Mask


@dataclass(frozen=True)
class JudgedPeople:
    """Out-of-time applicants; arrays of shape (n,), features of shape (n, p).

    risk: true PD, or the outcome where there is no truth. is_good: did not default. weight: 1, or
    1 / propensity of loans.
    """

    features: Features
    risk: Floats
    is_good: Mask
    weight: Floats
    is_group: Mask
    is_reference: Mask
    is_thin: Mask


def judge_front(
    points: Sequence[JudgedChange],
    rows: SearchRows,
    learner: AlternativeLearner,
    people: JudgedPeople,
    passed: float,
    draws: int,
) -> list[dict[str, Any]]:
    """Return AUC and gap of each point on the people, with 95 % intervals; the given one first.

    Each is trained anew on all rows. Differences from the given model are paired. draws: of people.
    """
    everyone = np.ones(len(rows.label), bool)
    taught = rows.taught(everyone)
    margins = {
        str(one.ordinal): learner.fit(one.change, taught)(people.features, people.is_thin)
        for one in points
    }
    rankings = {name: (margin,) for name, margin in margins.items()}
    # A seed of its own: the same margins have the same intervals.
    drawn = paired_draws(people.risk, people.weight, rankings, draws, len(people.risk))
    first = str(points[0].ordinal)
    passes = {name: _passes(margin, people, passed) for name, margin in margins.items()}
    shown = []
    for one in points:
        name = str(one.ordinal)
        shown.append(
            {
                "ordinal": one.ordinal,
                **_auc(margins, drawn, people, name, first),
                **_gaps(passes, people, name, first),
            }
        )
    return shown


def _passes(margin: Floats, people: JudgedPeople, passed: float) -> Floats:
    cut = weighted_quantile(margin, people.weight, passed)
    return (margin <= cut).astype(np.float64)


def _auc(
    margins: Mapping[str, Floats],
    drawn: Mapping[str, Floats],
    people: JudgedPeople,
    name: str,
    first: str,
) -> dict[str, float]:
    from creditloom.models.sample.metrics import auc

    own = auc(people.risk, margins[name], people.weight)
    given = auc(people.risk, margins[first], people.weight)
    low, high = interval(drawn[name])
    delta_low, delta_high = interval(drawn[name] - drawn[first])
    return {
        "auc": own,
        "auc_low": low,
        "auc_high": high,
        "auc_delta": own - given,
        "auc_delta_low": delta_low,
        "auc_delta_high": delta_high,
    }


def _gaps(
    passes: Mapping[str, Floats], people: JudgedPeople, name: str, first: str
) -> dict[str, float]:
    group = people.is_good & people.is_group
    reference = people.is_good & people.is_reference
    gap, error = gap_of(passes[name], people.weight, group, reference)
    given, _ = gap_of(passes[first], people.weight, group, reference)
    moved, moved_error = gap_of(passes[name] - passes[first], people.weight, group, reference)
    # table: figure -> value
    return {
        "gap": gap,
        "gap_low": gap - NORMAL_95 * error,
        "gap_high": gap + NORMAL_95 * error,
        "gap_delta": moved,
        "gap_delta_low": moved - NORMAL_95 * moved_error,
        "gap_delta_high": moved + NORMAL_95 * moved_error,
        "gap_left": abs(gap) / abs(given) if given else float("nan"),
        "group_pass_rate": float(np.average(passes[name][group], weights=people.weight[group])),
        "reference_pass_rate": float(
            np.average(passes[name][reference], weights=people.weight[reference])
        ),
    }
