"""What nobody but `evaluate` may see: states, contributions, true PDs and everyone's outcome, booked or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from creditloom.features.contract.tables import FAMILIES
from creditloom.world.loans.lending import FIRST_APPLICATION
from creditloom.world.people.communities import communities
from creditloom.world.people.life import KINDS
from creditloom.world.people.people import DISC
from creditloom.world.risk.default import oracle_pd
from creditloom.world.risk.shares import Coefficients
from creditloom.world.world import Setting, World


def applicants(world: World) -> pa.Table:
    """One row per application in order of id: `z_<family>` and `concept_<id>` in SD, `contribution_<id>` in log-odds, + is riskier.

    `logodds_systematic` has neither u nor fraud nor macro; `pd_oracle` is E[PD | states, month]; `pd_neutral` has u and fraud but no macro;
    `pd_true` has all; `default_month` is null where no default comes within twelve months. `present_<family>`: all its events may be read;
    `shock_u` is u, `degree` counts the contacts before the list is cut to thirty.
    """
    people, outcome, ids = (
        world.people,
        world.outcome,
        [c.id for c in world.setting.nature.concepts],
    )
    gamma = world.setting.nature.effects.macro_gamma
    month, seen = outcome.default_month, people.fully_present
    number = world.first + np.arange(people.size, dtype=np.int64)
    columns = {
        "application_id": FIRST_APPLICATION + number,
        "applicant_id": number,
        **{f"z_{family}": people.families[:, k] for k, family in enumerate(FAMILIES)},
        **{f"concept_{name}": people.concepts[:, k] for k, name in enumerate(ids)},
        **{f"contribution_{name}": world.contributions[:, k] for k, name in enumerate(ids)},
        "logodds_systematic": outcome.log_odds_systematic,
        "pd_oracle": oracle_pd(
            world.setting.nature, outcome.log_odds_systematic + gamma * outcome.macro
        ),
        "pd_neutral": outcome.pd_neutral,
        "pd_true": outcome.pd_true,
        "macro_m": outcome.macro,
        "is_fraud": people.is_fraud,
        "ring": pa.array(world.first + world.rings.ring, mask=world.rings.ring < 0),
        "is_thin": people.is_thin,
        **{f"present_{family}": seen[:, k] for k, family in enumerate(FAMILIES)},
        "life_shock": pa.DictionaryArray.from_arrays(
            pa.array(world.life.kind, mask=world.life.kind < 0), pa.array(KINDS)
        ),
        "life_shock_time": pa.array(
            world.life.time_us.view("datetime64[us]"), mask=world.life.kind < 0
        ),
        "has_bureau": people.has_bureau,
        "is_approved": world.booking.is_approved,
        "is_control": world.booking.is_control,
        "defaulted": month > 0,
        "default_month": pa.array(month, mask=month == 0),
        "shock_u": outcome.shock,
        "trait_disc": people.traits[:, DISC],
        "degree": world.graph.degree,
        "segment": pa.DictionaryArray.from_arrays(
            pa.array(people.segment), pa.array([s.id for s in world.setting.nature.segments])
        ),
        "vintage": people.vintage,
    }
    return pa.table(columns)


def meta(setting: Setting, coefficients: Coefficients, defaulted: np.ndarray) -> dict[str, Any]:
    """How the world was made: coefficients, achieved shares, macro path by vintage, drifts and where they begin; who `defaulted` of all."""
    nature, params = setting.nature, setting.params
    return {
        "seed": setting.seed,
        "applicants": params.applicants,
        "communities": len(communities(params)),
        "activity_scale": params.activity_scale,
        "profile": params.profile,
        "alpha": coefficients.alpha,
        "betas": dict(zip(FAMILIES, coefficients.betas, strict=True)),
        "nu": coefficients.nu,
        "nonlinear_share": coefficients.nonlinear_share,
        "explained_variance": nature.effects.explained_variance,
        "shares_target": dict(zip(FAMILIES, nature.shares(params.profile), strict=True)),
        "shares_observed": dict(zip(FAMILIES, coefficients.shares_observed, strict=True)),
        "shares_true": dict(zip(FAMILIES, coefficients.shares_true, strict=True)),
        "macro": setting.macro().tolist(),
        "base_rate": params.base_rate,
        "realised_rate": float(defaulted.mean()),
        "drift": {
            "bureau_break_vintage": nature.presence.bureau_break_vintage,
            "device_change_vintage": nature.drift.device_change_vintage,
            "fraud_pattern_vintage": nature.fraud.late_pattern_vintage,
        },
    }
