"""Parts of `creditloom claims` that need a labelled world and no chain of stages.

Each function takes the world of one seed and returns the figures of its part, by claim.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure
from creditloom.models.evaluation.world_claims.loan_path import LoanPath
from creditloom.models.evaluation.world_claims.other_runs import run_figures, switch_figures
from creditloom.models.evaluation.world_claims.other_runs.planted import planted_figures
from creditloom.models.evaluation.world_claims.other_runs.run_figures import USE_MONTH
from creditloom.pipeline.proof.claims.labelled_world import (
    LabelledWorld,
    Switches,
    World,
    loans_as_booked,
    missed_in_labels,
    panel,
    recovered,
)

Figures = dict[str, ClaimFigure | None]
RECESSION = {"scenario": "recession"}
# claims.yaml asks 400,000 people of `macro_period` where the default world has 100,000.
TIMES_OF_PERIOD = 4
YEAR = 12
# An unpaid instalment adds so many days past due at a month's end.
DAYS = 30


def economy(labelled: LabelledWorld) -> Figures:
    """Return the path without an economy, and what a recession does to the same people's PD."""
    columns = ("vintage", "pd_true")
    off = labelled.truth(columns, scenario="off")
    hit = labelled.truth(columns, **RECESSION)
    return {
        "macro_off": run_figures.macro_off(labelled.meta(scenario="off")),
        "recession": run_figures.recession(off, hit),
    }


def period(labelled: LabelledWorld) -> Figures:
    """Return how the hazard of calendar months follows the path, on four times the people."""
    many = TIMES_OF_PERIOD * labelled.params.applicants
    people = labelled.truth(("vintage", "default_month"), applicants=many, **RECESSION)
    return {"macro_period": run_figures.macro_period(people, labelled.meta(**RECESSION))}


def income(labelled: LabelledWorld) -> Figures:
    """Return how inflows follow the path of a recession."""
    inflows = labelled.events({"wallet_snapshots": ("event_time", "inflow_fen")}, **RECESSION)
    rows = inflows["wallet_snapshots"]
    path = labelled.meta(**RECESSION)
    return {"macro_income": run_figures.macro_income(rows, labelled.first_month, path)}


def book(labelled: LabelledWorld) -> Figures:
    """Return the figures of the incumbent's book: its roll rates, and its three switches."""
    world = labelled.everyone()
    loans = loans_as_booked(world)
    lines = replace(loans, is_revolving=True)
    drawn = panel(world, lines, USE_MONTH, Switches(drawdown=True))
    repaid = panel(world, loans, USE_MONTH, Switches(prepayment=True))
    payments = recovered(world, loans, YEAR)
    return {
        "same_rules_in_the_book": same_rules(world),
        "drawdown": run_figures.drawdown(drawn[USE_MONTH]),
        "prepayment": run_figures.prepayment(repaid[USE_MONTH]),
        "recoveries": run_figures.recoveries(payments),
        "recoveries_half": run_figures.recoveries_half(payments),
    }


def same_rules(world: World) -> ClaimFigure:
    """Return how far the roll rates of the labels and of the book of the same loans differ."""
    months = panel(world, loans_as_booked(world), YEAR)[1:]
    dpd = np.stack([month["dpd_days"].to_numpy() for month in months], axis=1)
    in_book = _path(dpd, np.zeros(dpd.shape, bool))
    # Buckets need the number of missed instalments alone: one is 1-29 days, and so on.
    missed, is_restructured = missed_in_labels(world)
    labelled = _path(DAYS * missed - (missed > 0), is_restructured)
    return run_figures.same_rules_in_the_book(labelled, in_book)


def _path(dpd: np.ndarray, is_restructured: np.ndarray) -> LoanPath:
    return LoanPath(np.arange(len(dpd)), dpd, is_restructured, np.zeros_like(dpd))


def arm(labelled: LabelledWorld) -> Figures:
    """Return the share of the challenger's arm."""
    rows = labelled.events({"applications": ("arm",)}, switches=Switches(challenger=True))
    return {"challenger_arm": switch_figures.challenger_arm(rows["applications"])}


def drift(labelled: LabelledWorld) -> Figures:
    """Return the figures of drifts that truth alone shows: of the mean PD, of a new segment."""
    late = labelled.late_vintage
    columns = ("vintage", "pd_true")
    risen = labelled.truth(columns, switches=Switches(drift="mean_pd"))
    people = labelled.truth(("vintage", "segment"), switches=Switches(drift="segment"))
    return {
        "drift_pd": switch_figures.drift_pd(labelled.truth(columns), risen, late),
        "drift_segment": switch_figures.drift_segment(people, late),
    }


def drifted_events(labelled: LabelledWorld) -> Figures:
    """Return the figures of drifts that events show: a missing family, a shifted bureau score."""
    late = labelled.late_vintage
    lost = Switches(drift="family_null")
    people = labelled.truth(("applicant_id", "vintage"))
    # The family is that of `switches.drift_null_family` in world.yaml; logins are its table.
    logins = labelled.events({"logins": ("applicant_id",)}, switches=lost)["logins"]
    known = set(logins["applicant_id"].unique().tolist())
    vintage = people.set_index("applicant_id")["vintage"]
    before = _scores(labelled, Switches())
    after = _scores(labelled, Switches(drift="shift"))
    return {
        "drift_null": switch_figures.drift_null(people, known, late),
        "drift_shift": switch_figures.drift_shift(before, after, vintage, late),
    }


def _scores(labelled: LabelledWorld, switches: Switches) -> pd.Series:
    wanted = {
        "applications": ("applicant_id", "as_of"),
        "bureau_snapshots": ("applicant_id", "event_time", "known_time", "bureau_score"),
    }
    rows = labelled.events(wanted, switches=switches)
    return switch_figures.last_score(rows["applications"], rows["bureau_snapshots"])


def alternative(labelled: LabelledWorld) -> Figures:
    """Return what goes, and what it costs, when the planted column is dropped."""
    switches = Switches(alternative=True)
    world = labelled.everyone(switches=switches)
    concepts = [f"concept_{concept.id}" for concept in labelled.nature.concepts]
    columns = (*concepts, "is_protected", "vintage", "defaulted", "pd_true")
    people = labelled.truth(columns, switches=switches)
    is_booked = world.booking.is_booked
    return dict(planted_figures(people, is_booked, labelled.late_vintage, labelled.seed))
