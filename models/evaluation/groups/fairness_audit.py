"""The fairness audit of a run: its block of metrics.json and its tables for the report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.evaluation.cohort import Cohort, pd_of
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.evaluation.groups.audit_groups import audit_groups, same_partition
from creditloom.models.evaluation.groups.fairness_rows import FairnessSample, fairness_rows
from creditloom.models.evaluation.groups.fairness_rules import OUTCOMES, FairnessRules, Outcome
from creditloom.models.evaluation.groups.fairness_tests import LawTests
from creditloom.models.evaluation.groups.group_figures import is_thin
from creditloom.models.evaluation.groups.proxy_audit import ProxySample, proxies
from creditloom.models.evaluation.groups.row_decisions import OPEN, RowDecisions
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.metrics import by_family

# Rows of metrics.json that name a red row; the whole table lies beside it.
RED_NAMES = ("value", "low", "high", "best", "against", "against_low", "against_high", "n")


@dataclass(frozen=True)
class FairnessSetting:
    """What the audit is held against: edges and groups, laws, and what was decided before.

    day: of the last judged application; laws in force and reviews due are told by it.
    jurisdiction: whose tests count for everybody; None = those of each decision's law profile.
    """

    rules: FairnessRules
    tests: LawTests
    decisions: RowDecisions
    day: dt.date
    jurisdiction: str | None = None


def groups_of(cohort: Cohort, catalogue: Catalogue, rules: FairnessRules) -> pd.DataFrame:
    """Return the group of each judged application by field of the audit."""
    return audit_groups(cohort.audit, is_thin(cohort.rows, catalogue), rules)


def fairness_audit(
    cohort: Cohort,
    groups: pd.DataFrame,
    approved: Mask,
    setting: FairnessSetting,
    params: EvaluateParams,
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Return the figures of the rows, and the tables `fairness_rows` and `fairness_laws`.

    approved: whether the tier alone approves.
    """
    sample = sample_of(cohort, groups, approved, setting.rules)
    in_force = setting.tests.on(setting.day, setting.jurisdiction)
    rows = fairness_rows(sample, setting.rules, in_force, params.min_group)
    rows = setting.decisions.with_decisions(rows, setting.day)
    lines = in_force.lines(sample.law)
    red = rows[rows["state"] == "red"]
    # JSON has no NaN: a bound that cannot be told, and the role of an open row, become null.
    told = red.astype(object).where(red.notna(), None).to_dict("records")
    # table: figure -> value
    block = {
        "rows": len(rows),
        "red": len(red),
        "amber": int((rows["state"] == "amber").sum()),
        "open": int((red["decided"] == OPEN).sum()),
        "red_rows": [_named(one) for one in told],
        "decisions_about_no_row": setting.decisions.about_no_row(rows),
        "too_small": _too_small(groups, params.min_group),
        "fields_alike": _alike(groups),
        "laws": lines,
        "not_computed": [line["id"] for line in lines if not line["is_computed"]],
    }
    return block, {"fairness_rows": rows, "fairness_laws": pd.DataFrame(lines)}


def sample_of(
    cohort: Cohort, groups: pd.DataFrame, approved: Mask, rules: FairnessRules
) -> FairnessSample:
    """Return the judged applications with what each decision gave."""
    decisions = cohort.decisions
    decision = decisions["decision"].to_numpy()
    lent = decision == "approve"
    # table: outcome -> value of each application, NaN where it has none
    outcomes: dict[Outcome, Floats] = {
        "decision": lent.astype(np.float64),
        "tier": approved.astype(np.float64),
        "limit": np.where(lent, pd_of(decisions, "limit_cny"), np.nan),
        "price": np.where(lent, pd_of(decisions, "apr_irr12"), np.nan),
        # Who is refused by a rule cannot be referred, so a group that is refused would look well.
        "referral": np.where(decision == "refuse", np.nan, decision == "refer"),
        "refusal": (decision == "refuse").astype(np.float64),
    }
    observed = cohort.observed
    seen = np.zeros(len(decision))
    seen[observed.rows] = observed.weight * (observed.y == 0)
    is_good = None if cohort.truth is None else ~cohort.truth["defaulted"].to_numpy(bool)
    law = decisions["law_profile"].astype(str) if "law_profile" in decisions else [""] * len(lent)
    return FairnessSample(
        groups=groups,
        outcomes={name: outcomes[name] for name in OUTCOMES},
        pd_band=_bands(cohort.pd, rules.pd_bands),
        is_good=is_good,
        seen_good=seen,
        law=np.asarray(law, str),
    )


def _bands(pd_: Floats, bands: int) -> np.ndarray:
    """Return the band of each PD; bands hold as many rows as each other, but for ties."""
    edges = np.quantile(pd_, np.linspace(0.0, 1.0, bands + 1)[1:-1])
    return np.searchsorted(edges, pd_, side="right")


def _named(row: Mapping[Any, Any]) -> dict[str, Any]:
    names = ("field", "group", "outcome", "basis")
    told = {name: row[name] for name in (*names, *RED_NAMES, "decided", "role")}
    return {"id": "/".join(row[name] for name in names), **told}


def _too_small(groups: pd.DataFrame, min_group: int) -> list[str]:
    """Return the groups that are too small to be judged, as field/group."""
    small = []
    for field in groups:
        counts = groups[field].astype(str).where(groups[field].notna()).value_counts()
        small += sorted(f"{field}/{name}" for name in counts.index[counts < min_group])
    return small


def _alike(groups: pd.DataFrame) -> list[list[str]]:
    """Return the pairs of fields that group people alike: one of them tells nothing new."""
    pairs = combinations(map(str, groups.columns), 2)
    return [[one, other] for one, other in pairs if same_partition(groups[one], groups[other])]


def proxy_figures(
    cohort: Cohort,
    groups: pd.DataFrame,
    catalogue: Catalogue,
    taken: tuple[np.ndarray, Floats, Floats],
    setting: FairnessSetting,
    params: EvaluateParams,
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Return the proxies of metrics.json and their table.

    taken: positions of the sample in the cohort, its features and its contributions, in the order
    of the model's features.
    """
    places, features, contributions = taken
    concepts = tuple(concept.id for concept in catalogue.concepts)
    concept_of = [feature.concept for feature in catalogue.features]
    sample = ProxySample(
        score=cohort.pd[places],
        concepts=by_family(contributions, concept_of, concepts),
        concept_names=concepts,
        features=features,
        feature_names=catalogue.names,
        groups=groups.iloc[places].reset_index(drop=True),
    )
    table = proxies(sample, setting.rules, params.min_group)
    return _best_of_each(table), table


def _best_of_each(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one record per group: the AUC of the score, of all features, of the best of each."""
    records = []
    for (field, group), part in table.groupby(["field", "group"], sort=False):
        first = part.drop_duplicates("by").set_index("by")
        told: dict[str, Any] = {"id": f"{field}/{group}", "n": int(part["n"].iloc[0])}
        for by in first.index:
            key = str(by).replace(" ", "_")
            told[key] = float(first.loc[by, "auc"])
            told[f"{key}_interval"] = [float(first.loc[by, end]) for end in ("low", "high")]
            told[f"{key}_name"] = str(first.loc[by, "name"])
        records.append(told)
    return records
