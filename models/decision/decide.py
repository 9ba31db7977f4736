"""The decision, composed: frame in, one decision per application out, in the order of the frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .bundle import Bundle
from .calibration import score
from .case import Case
from .errors import DecisionError
from .explain import EXPLAINS, Explain, explained
from .frame import Frame, read
from .offer import Offers, offers
from .output import decision_ids, law_names, offer_columns, text
from .text import LANGUAGES, Language
from .verdict import OUTCOMES, verdicts_by_tier, verdicts_of

CONSENTED = {"social_graph": "consent_social", "assets": "consent_assets", "bureau": "consent_bureau"}


@dataclass(frozen=True)
class Decider:
    """A bundle ready to decide. `offers` is None where the bundle has no product."""

    bundle: Bundle
    offers: Offers | None

    @classmethod
    def load(cls, folder: str | Path, threads: int | None = None) -> Decider:
        """Read a verified bundle and price its tiers. Raises `DecisionError` when the bundle is not whole or contradicts itself."""
        bundle = Bundle.load(folder, threads)
        product = bundle.policy.product
        return cls(bundle, offers(bundle.policy, product, bundle.tiers) if product else None)

    def read(self, frame: pd.DataFrame) -> Frame:
        """Check and convert the input; raises `DecisionError` naming column, row, expected and got."""
        policy = self.bundle.policy
        return read(frame, self.bundle.scorer.catalogue, policy.inputs, policy.banned_columns)

    def margins(self, frame: pd.DataFrame) -> np.ndarray:
        """The model's margin (log-odds before calibration) of each row."""
        return self.bundle.scorer.margin.raw(self.read(frame).x)

    def points(self, frame: pd.DataFrame) -> tuple[float, pd.DataFrame]:
        """Base points and one column of points per concept; base + their sum is score_raw."""
        scorer = self.bundle.scorer
        found = scorer.concept_points(self.read(frame).x)
        return scorer.base_points, pd.DataFrame(found, columns=list(scorer.catalogue.concept_ids), index=frame.index)

    def decide(self, frame: pd.DataFrame, *, explain: Explain = "adverse", language: Language = "en") -> pd.DataFrame:
        """One decision per row; `output.py` lists the columns.

        explain: `adverse` gives reasons where a decision is adverse or a limit cut; `all` gives them to everyone and adds
        `points_base` and `points_<concept>`; `none` leaves out the score's reasons (not fit for a notice to the applicant).
        """
        one_of("explain", explain, EXPLAINS)
        one_of("language", language, LANGUAGES)
        rows = self.read(frame)
        scored = self._scored(rows)
        tier = self.bundle.tiers.index(scored["pd"])
        case = self._case(rows, tier)
        verdicts = verdicts_of(case) if case else verdicts_by_tier(self.bundle.policy, self.bundle.tiers, tier)
        reasons, points = explained(self.bundle, rows.x, case, verdicts, explain, language)
        n = len(frame)
        columns = {
            **self._head(rows, case),
            **scored,
            "tier": text(np.array(self.bundle.tiers.names, dtype=object)[tier], n),
            "decision": text(np.array(OUTCOMES, dtype=object)[verdicts.outcome], n),
            **offer_columns(case, verdicts),
            "reasons": pd.Series(reasons.lists(n), dtype=object),
            "refusal_codes": pd.Series(verdicts.codes(), dtype=object),
            "model_version": text(self.bundle.version, n),
            "policy_version": text(self.bundle.policy_version, n),
            **points,
        }
        return pd.DataFrame(columns).set_axis(frame.index)

    def _head(self, rows: Frame, case: Case | None) -> dict[str, Any]:
        n = len(rows.x)
        return {
            "decision_id": text(decision_ids(rows, self.bundle.version, self.bundle.policy_version), n),
            "application_id": rows.application_id,
            "product": text(self.bundle.policy.name, n),
            "law_profile": law_names(case, n),
            "as_of": rows.as_of,
        }

    def _scored(self, rows: Frame) -> dict[str, np.ndarray]:
        scorer = self.bundle.scorer
        margin = scorer.margin.raw(rows.x)
        raw = scorer.calibration.score_raw(margin)
        return {"pd": scorer.calibration.pd(margin), "score_raw": raw, "score": score(raw)}

    def _case(self, rows: Frame, tier: np.ndarray) -> Case | None:
        product = self.bundle.policy.product
        if product is None or self.offers is None:
            return None
        return Case(rows, self.bundle.policy, product, self.bundle.tiers, self.offers, tier, self._unconsented(rows))

    def _unconsented(self, rows: Frame) -> np.ndarray:
        families = np.array([f.family for f in self.bundle.scorer.catalogue.features])
        found = np.zeros(len(rows.x), dtype=bool)
        for family, consent in CONSENTED.items():
            refused = np.flatnonzero(rows.numbers[consent] != 1)
            found[refused] |= ~np.isnan(rows.x[np.ix_(refused, families == family)]).all(axis=1)
        return found


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
