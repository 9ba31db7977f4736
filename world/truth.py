"""The truth tables, which only `evaluate` may read.

They hold states, contributions, true PDs and the outcome of everyone, booked or not.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from creditloom.world.config.config_types import FAMILIES
from creditloom.world.config.switches import Switches
from creditloom.world.loans.lending import FIRST_APPLICATION
from creditloom.world.people.communities import communities
from creditloom.world.people.life import KINDS, Life
from creditloom.world.people.people import DISC
from creditloom.world.risk.default import exposure_exponent, oracle_pd
from creditloom.world.risk.economy import MONTHS_BEFORE_VINTAGES
from creditloom.world.risk.shares import Coefficients
from creditloom.world.world import Setting, World, stated_segments


def applicants(world: World) -> pa.Table:
    """Return the truth of every application, one row each in order of id.

    - `z_<family>` and `concept_<id>` are in SD, + is safer; `contribution_<id>` is in log-odds of
      default, + is riskier. `present_<family>`: all events of the family may be read.
    - `logodds_systematic` has neither u nor fraud nor macro. `pd_oracle` is E[PD | states, month].
      `pd_neutral` has u and fraud but no macro; `pd_true` has all. `shock_u` is u.
    - `default_month` is null where no default comes within twelve months, `ring` outside a ring,
      `life_shock` and its time where none strikes.
    - `degree` counts the contacts before the list is cut to thirty; `income_cny` is the true income
      a month, whatever is on file. `household` is the applicant_id of the first member.
    - `is_drifted` and `is_protected` are there where `world.switches` turns on a drift, and the
      planted alternative. `pd_oracle` and `logodds_systematic` know of neither.
    """
    number = world.first + np.arange(world.people.size, dtype=np.int64)
    columns = {
        "application_id": FIRST_APPLICATION + number,
        "applicant_id": number,
        **_states(world),
        **_risk(world),
        **_who(world),
        **_outcome(world),
    }
    return pa.table(columns)


# Each group below holds columns that are read together, in the order of the file.


def _states(world: World) -> dict[str, Any]:
    people = world.people
    concepts = [concept.id for concept in world.setting.nature.concepts]
    return {
        **_by_column("z", FAMILIES, people.families),
        **_by_column("concept", concepts, people.concepts),
        **_by_column("contribution", concepts, world.contributions),
    }


def _by_column(
    prefix: str, names: list[str] | tuple[str, ...], matrix: np.ndarray
) -> dict[str, Any]:
    return {f"{prefix}_{name}": matrix[:, column] for column, name in enumerate(names)}


def _risk(world: World) -> dict[str, Any]:
    outcome = world.outcome
    nature = world.setting.nature
    # The path stretches the hazard of a vintage by exp(gamma M).
    exponent = exposure_exponent(nature.hazard) * np.exp(nature.economy.gamma * outcome.macro)
    return {
        "logodds_systematic": outcome.log_odds_systematic,
        "pd_oracle": oracle_pd(nature, outcome.log_odds_systematic, exponent),
        "pd_neutral": outcome.pd_neutral,
        "pd_true": outcome.pd_true,
        "macro_m": outcome.macro,
    }


def _who(world: World) -> dict[str, Any]:
    people = world.people
    ring = world.rings.ring
    return {
        "is_fraud": people.is_fraud,
        # Rings are numbered from the first applicant of their community: unique in the world,
        # because there are fewer rings than people.
        "ring": pa.array(world.first + ring, mask=ring < 0),
        "is_thin": people.is_thin,
        **_by_column("present", FAMILIES, people.fully_present),
        **_life_shock(world.life),
        "has_bureau": people.has_bureau,
    }


def _life_shock(life: Life) -> dict[str, pa.Array]:
    is_null = life.kind < 0
    kind = pa.array(life.kind, mask=is_null)
    time = life.time_us.view("datetime64[us]")
    return {
        "life_shock": pa.DictionaryArray.from_arrays(kind, pa.array(KINDS)),
        "life_shock_time": pa.array(time, mask=is_null),
    }


def _outcome(world: World) -> dict[str, Any]:
    people = world.people
    booking = world.booking
    month = world.outcome.default_month
    segments, own = stated_segments(world)
    segment = pa.DictionaryArray.from_arrays(pa.array(own), pa.array(segments))
    has_default = month > 0
    # table: columns of the outcome
    return {
        "is_approved": booking.is_approved,
        "is_control": booking.is_control,
        "defaulted": has_default,
        "default_month": pa.array(month, mask=~has_default),
        "shock_u": world.outcome.shock,
        "trait_disc": people.traits[:, DISC],
        "degree": world.graph.degree,
        "income_cny": people.income_cny,
        "household": world.first + world.sharing.home,
        "segment": segment,
        "vintage": people.vintage,
        **_switched(world),
    }


def _switched(world: World) -> dict[str, Any]:
    """Return the columns of the switches that are on: who drifts, who is protected."""
    switches = world.setting.params.switches
    columns: dict[str, Any] = {}
    if switches.drift != "off":
        columns["is_drifted"] = world.drift.is_hit
    if switches.alternative:
        columns["is_protected"] = world.drift.is_protected
    return columns


def meta(setting: Setting, coefficients: Coefficients, defaulted: np.ndarray) -> dict[str, Any]:
    """Return how the world was made.

    It holds coefficients, target and achieved shares, the macro path by calendar month and by
    vintage, the calibration vintages (first and end), the drifts and where they begin. `defaulted`
    is one value per applicant of the whole world.
    """
    params = setting.params
    calendar = setting.calendar
    n_communities = len(communities(params))
    # table: what is said of a world
    return {
        "seed": setting.seed,
        "applicants": params.applicants,
        "communities": n_communities,
        "activity_scale": params.activity_scale,
        "profile": params.profile,
        **_solution(setting, coefficients),
        "scenario": params.scenario,
        "economy": setting.economy.path.tolist(),
        # The month of its first value, counted from the first vintage.
        "economy_first_month": -MONTHS_BEFORE_VINTAGES,
        "macro": setting.macro.tolist(),
        "calibration_vintages": [
            calendar.train_months,
            calendar.train_months + calendar.calibration_months,
        ],
        "base_rate": params.base_rate,
        "realised_rate": float(defaulted.mean()),
        "drift": _drift(setting),
        **_switches(setting),
    }


def _solution(setting: Setting, coefficients: Coefficients) -> dict[str, Any]:
    nature = setting.nature

    def by_family(values: tuple[float, ...]) -> dict[str, float]:
        return dict(zip(FAMILIES, values, strict=True))

    return {
        "alpha": coefficients.alpha,
        "betas": by_family(coefficients.betas),
        "nu": coefficients.nu,
        "nonlinear_share": coefficients.nonlinear_share,
        "explained_variance": nature.effects.explained_variance,
        "shares_target": by_family(nature.shares(setting.params.profile)),
        "shares_observed": by_family(coefficients.shares_observed),
        "shares_true": by_family(coefficients.shares_true),
    }


def _switches(setting: Setting) -> dict[str, Any]:
    """Return `world.switches`; nothing where all are off, as in worlds before them."""
    switches = setting.params.switches
    return {} if switches == Switches() else {"switches": asdict(switches)}


def _drift(setting: Setting) -> dict[str, int]:
    nature = setting.nature
    return {
        "bureau_break_vintage": nature.presence.bureau_break_vintage,
        "device_change_vintage": nature.drift.device_change_vintage,
        "fraud_pattern_vintage": nature.fraud.late_pattern_vintage,
    }
