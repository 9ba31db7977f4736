"""The decision, composed: frame in, one decision per application out, in the order of the frame."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from .base.errors import DecisionError
from .bundle import Bundle
from .frames.arrow import (
    decision_ids,
    frame_of,
    law_names,
    offer_columns,
    read_table,
    table_of,
    text,
    tier_names,
)
from .frames.input_frame import ID, Frame, read
from .reasons.reasons import EXPLAINS, Explain, explained
from .reasons.text import LANGUAGES, Language, picked
from .rulebook.condition import OPTIONAL
from .rulebook.offer import Offers, offers
from .rulebook.policy import Policy
from .rules.batch_context import BatchContext
from .rules.rules import under_age
from .rules.verdict import OUTCOMES, verdicts_by_tier, verdicts_of
from .score.scorer import score

CONSENTED = {
    "social_graph": "consent_social",
    "assets": "consent_assets",
    "bureau": "consent_bureau",
}
"""Families that need a consent of their own (R6)."""
CONSENTED_CONCEPTS = {"location_constancy": "consent_location"}
"""Concepts of other families that need one: places, not devices."""
PolicyTerms = tuple[Policy, Offers | None]


@dataclass(frozen=True)
class Decider:
    """A bundle ready to decide, with the terms of each product and law that was asked for."""

    bundle: Bundle
    chosen: dict[tuple[str, str], PolicyTerms] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: str | Path, threads: int | None = None) -> Decider:
        """Read a verified bundle and price its tiers. Raises `DecisionError` when the bundle is not whole or contradicts itself."""
        decider = cls(Bundle.load(folder, threads))
        decider.terms("", "")
        return decider

    def terms(self, product: str, law: str) -> PolicyTerms:
        """Rule book and offers of a product under a law; empty = the bundle's default, laws by date. `DecisionError` for another name."""
        if (product, law) not in self.chosen:
            policy = self.bundle.policy.choose(product, law)
            priced = (
                offers(policy, policy.product, self.bundle.tiers, self._families)
                if policy.product
                else None
            )
            self.chosen[product, law] = (policy, priced)
        return self.chosen[product, law]

    def columns(self, there: Container[str]) -> list[str]:
        """The columns that a decision reads of a frame that has those of `there`: the id, required inputs, optional facts, features."""
        facts = [name for name in OPTIONAL if name in there] if self.bundle.policy.inputs else []
        return [ID, *self.bundle.policy.inputs, *facts, *self.bundle.scorer.catalogue.names]

    @property
    def _families(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(f.family for f in self.bundle.scorer.catalogue.features))

    def read(self, frame: pd.DataFrame, policy: Policy | None = None) -> Frame:
        """Check and convert the input; raises `DecisionError` naming column, row, expected and got."""
        banned = (policy or self.bundle.policy).banned_columns
        return read(frame, self.bundle.scorer.catalogue, self.bundle.policy.inputs, banned)

    def margins(self, frame: pd.DataFrame) -> np.ndarray:
        """The model's margin (log-odds before calibration) of each row."""
        return self.bundle.scorer.margin.raw(self.read(frame).x)

    def points(self, frame: pd.DataFrame) -> tuple[float, pd.DataFrame]:
        """Base points and one column of points per concept; base + their sum is score_raw."""
        scorer = self.bundle.scorer
        found = scorer.concept_points(self.read(frame).x)
        return scorer.base_points, pd.DataFrame(
            found, columns=list(scorer.catalogue.concept_ids), index=frame.index
        )

    def decide(
        self,
        frame: pd.DataFrame,
        *,
        explain: Explain = "adverse",
        language: Language = "en",
        product: str = "",
        law: str = "",
    ) -> pd.DataFrame:
        """One decision per row; `frames/arrow.py` lists the columns.

        explain: `adverse` gives reasons where a decision is adverse or a limit cut; `all` gives them to everyone and adds
        `points_base` and `points_<concept>`; `none` leaves out the score's reasons (not fit for a notice to the applicant).
        product, law: one of the bundle's; empty = its default product, and of its default laws the one in force on the day.
        """
        return frame_of(
            self.decide_columns(
                frame, explain=explain, language=language, product=product, law=law
            ),
            frame.index,
        )

    def decide_columns(
        self,
        frame: pd.DataFrame,
        *,
        explain: Explain = "adverse",
        language: Language = "en",
        product: str = "",
        law: str = "",
    ) -> dict[str, Any]:
        """The same decisions as arrays, numpy's or Arrow's, for whoever makes a frame of another kind of them."""
        policy, priced = self.terms(product, law)
        return self._decided(self.read(frame, policy), policy, priced, (explain, language, law))

    def decide_table(
        self,
        table: pa.Table,
        *,
        explain: Explain = "adverse",
        language: Language = "en",
        product: str = "",
        law: str = "",
    ) -> pa.Table:
        """The same decisions, Arrow in and out, for batches: the same checks, values, columns and types as `decide`'s."""
        policy, priced = self.terms(product, law)
        rows = read_table(
            table, self.bundle.scorer.catalogue, self.bundle.policy.inputs, policy.banned_columns
        )
        return table_of(self._decided(rows, policy, priced, (explain, language, law)))

    def _decided(
        self,
        rows: Frame,
        policy: Policy,
        priced: Offers | None,
        asked: tuple[Explain, Language, str],
    ) -> dict[str, Any]:
        """The columns of `frames/arrow.py`, as arrays of numpy or Arrow."""
        explain, language, law = asked
        one_of("explain", explain, EXPLAINS)
        one_of("language", language, LANGUAGES)
        case, n = self._case(rows, policy, priced), len(rows.x)
        is_scored = ~under_age(case) if case else np.ones(n, dtype=bool)
        scored = self._scored(rows, is_scored)
        grade = self.bundle.tiers.index(scored["pd"])
        case = replace(case, grade=grade) if case else None
        verdicts = verdicts_of(case) if case else verdicts_by_tier(policy, self.bundle.tiers, grade)
        reasons, points = explained(
            self.bundle, rows.x, case, verdicts, explain, language, is_scored
        )
        grades = picked([*self.bundle.tiers.names, None], np.where(is_scored, grade, -1))
        own = "" if policy.name == self.bundle.policy.name else policy.name
        return {
            **self._head(rows, case, policy, "|".join(filter(None, (own, law)))),
            **scored,
            "grade": grades,
            "tier": tier_names(case, grades, is_scored),
            "decision": picked(OUTCOMES, verdicts.outcome),
            **offer_columns(case, verdicts),
            "reasons": reasons.array(n),
            "refusal_codes": verdicts.codes(),
            "actions": verdicts.actions_told(),
            "not_assessed": verdicts.not_assessed_told(),
            "model_version": text(self.bundle.version, n),
            "policy_version": text(self.bundle.policy_version, n),
            **points,
        }

    def _head(
        self, rows: Frame, case: BatchContext | None, policy: Policy, chosen: str
    ) -> dict[str, Any]:
        n = len(rows.x)
        return {
            "decision_id": decision_ids(
                rows, self.bundle.version, self.bundle.policy_version, chosen
            ),
            "application_id": rows.application_id,
            "product": text(policy.name, n),
            "law_profile": law_names(case, n),
            "as_of": rows.as_of,
        }

    def _scored(self, rows: Frame, is_scored: np.ndarray) -> dict[str, Any]:
        """PD and score; null for those who may not be scored (R4)."""
        scorer = self.bundle.scorer
        if is_scored.all():
            margin = scorer.margin.raw(rows.x)
        else:
            margin = np.full(len(rows.x), np.nan)
            margin[is_scored] = scorer.margin.raw(rows.x[is_scored])
        raw = scorer.calibration.score_raw(margin)
        return {"pd": scorer.calibration.pd(margin), "score_raw": raw, "score": score(raw)}

    def _case(self, rows: Frame, policy: Policy, priced: Offers | None) -> BatchContext | None:
        """The case before anyone is scored: everyone in the best grade."""
        if policy.product is None or priced is None:
            return None
        best = np.zeros(len(rows.x), dtype=np.int64)
        return BatchContext(
            rows, policy, policy.product, self.bundle.tiers, priced, best, self._unconsented(rows)
        )

    def _unconsented(self, rows: Frame) -> np.ndarray:
        """Rows that hold a value of a family or concept whose consent they lack (R6)."""
        found = np.zeros(len(rows.x), dtype=bool)
        for consent, columns in self._released_by.items():
            refused = np.flatnonzero(rows.numbers[consent] != 1)
            found[refused] |= ~np.isnan(rows.x.T[np.ix_(columns, refused)]).all(
                axis=0
            )  # a feature's values lie together
        return found

    @cached_property
    def _released_by(self) -> dict[str, np.ndarray]:
        """Per consent the features that need it."""
        features = self.bundle.scorer.catalogue.features
        needed = np.array(
            [CONSENTED.get(f.family) or CONSENTED_CONCEPTS.get(f.concept) or "" for f in features]
        )
        return {
            consent: np.flatnonzero(needed == consent)
            for consent in sorted({*needed.tolist()} - {""})
        }


def one_of(name: str, given: object, allowed: tuple[str, ...]) -> None:
    """Refuse a parameter that is not among the allowed values."""
    if given not in allowed:
        raise DecisionError(
            "a parameter has an unknown value",
            where=name,
            expected=f"one of {', '.join(allowed)}",
            got=repr(given),
            next_step="choose one of them",
        )
