"""Some hundred applicants for the page: points against the approved, facts, rules, what helps.

They pass as JSON from the stage `explain` to the stage `report`. Each text stands in it once: a
record names its place among `texts`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.decide import Decider
from creditloom.decision.frames.input_frame import Frame
from creditloom.decision.reasons.given import given_behaviours
from creditloom.decision.reasons.reasons import RANK_DECIMALS
from creditloom.decision.reasons.shown import shown_features
from creditloom.decision.reasons.text import LANGUAGES, Language, quantities, singular, subjects
from creditloom.report.parts.examples import OUTCOMES

# Points are shown with one decimal; two more keep the sum of a waterfall right.
DECIMALS = 3
# table: fields of a record that are taken from the decision as they are
PLAIN = (
    "decision_id", "decision", "tier", "grade", "pd", "score", "score_raw", "limit_cny",
    "limiting_cap", "daily_rate", "apr_irr12", "law_profile", "product",
)  # fmt: skip
Records = list[dict[str, Any]]


class TextPool:
    """Texts that each stand once; `place` returns the position of a text."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        """Return the position of a text, which is added where it is new."""
        if text not in self._places:
            self._places[text] = len(self.texts)
            self.texts.append(text)
        return self._places[text]


def spread_choice(decisions: pd.DataFrame, n: int) -> list[int]:
    """Return the positions of about `n` decisions: of each outcome as many, at even scores.

    An outcome with fewer gives what it has.
    """
    outcome = decisions["decision"].to_numpy()
    score = decisions["score_raw"].to_numpy(np.float64, na_value=np.nan)
    chosen: list[int] = []
    for name in OUTCOMES:
        places = np.flatnonzero(outcome == name)
        # Stable: equal scores keep the order of the sample.
        ranked = places[np.argsort(score[places], kind="stable")]
        steps = np.linspace(0, len(ranked) - 1, min(len(ranked), n // len(OUTCOMES)))
        chosen += ranked[np.unique(steps.round().astype(int))].tolist() if len(ranked) else []
    return chosen


def applicant_records(decider: Decider, frame: pd.DataFrame, pool: TextPool) -> Records:
    """Return one record per row of `frame`: the decision, its steps, reasons and codes.

    `steps` are [concept, points against the approved, feature, yours and typical in each language]
    (places in the catalogue and in `pool`; null = not said). typical + all points = score_raw.
    """
    decided: dict[Language, pd.DataFrame] = {
        language: decider.decide(frame, language=language) for language in LANGUAGES
    }
    steps = _steps(decider, frame, pool)
    english = decided["en"].to_dict("records")
    chinese = decided["zh"]["reasons"].tolist()
    records = []
    for row, other, of_row in zip(english, chinese, steps, strict=True):
        reasons = [
            [
                one["concept"],
                one["points"] is not None,
                pool.place(one["text"]),
                pool.place(zh["text"]),
            ]
            for one, zh in zip(row["reasons"], other, strict=True)
        ]
        codes = [str(code) for code in (row["refusal_codes"] if _is_list(row) else ())]
        plain = {name: _plain(row.get(name)) for name in PLAIN}
        day = str(row["as_of"])[:10]
        identity = {"id": str(row["application_id"]), "day": day}
        records.append({**identity, **plain, "steps": of_row, "reasons": reasons, "codes": codes})
    return records


def _is_list(row: Mapping[Any, Any]) -> bool:
    codes = row.get("refusal_codes")
    return codes is not None and not isinstance(codes, float)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; null for NA and NaN."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _steps(decider: Decider, frame: pd.DataFrame, pool: TextPool) -> list[list[list[Any]]]:
    bundle = decider.bundle
    scorer = bundle.scorer
    read = decider.read(frame)
    points, lead = scorer.points_and_leads(read.x, bundle.reference_points)
    gain = np.round(points - bundle.reference.concepts(scorer.catalogue), RANK_DECIMALS)
    shown = shown_features(scorer, bundle.reference, read.x, gain, lead)
    words = _Words(decider, read, pool)
    rows = []
    for i in range(len(points)):
        # Stable: of equal points the first concept of the catalogue stands first.
        order = np.argsort(gain[i], kind="stable").tolist()
        rows.append(
            [[k, round(float(gain[i, k]), DECIMALS), *words.of(i, int(shown[i, k]))] for k in order]
        )
    return rows


class _Words:
    """The feature shown of a concept in words: whose value it is, and the typical one."""

    def __init__(self, decider: Decider, read: Frame, pool: TextPool) -> None:
        self.features = decider.bundle.scorer.catalogue.features
        self.typical = decider.bundle.reference.typical
        self.read = read
        self.pool = pool

    def of(self, row: int, k: int) -> list[Any]:
        """Return [feature, yours en, zh, typical en, zh]; [] where nothing can be said."""
        if k < 0:
            return []
        feature = self.features[k]
        if not feature.is_sayable or (feature.is_coded and self.read.features is None):
            return []
        if feature.is_coded:
            # A level by its text; none is the usual one.
            return [k, *(self._given(row, k, language) for language in LANGUAGES)]
        yours = [self._word(k, self._stated(row, k), language) for language in LANGUAGES]
        usual = self.typical.get(feature.name)
        if usual is None:
            return [k, *yours]
        return [k, *yours, *(self._word(k, usual, language) for language in LANGUAGES)]

    def _given(self, row: int, k: int, language: Language) -> int:
        """Return the value as it was given, in words."""
        assert self.read.features is not None
        rows = np.array([row], np.int64)
        told = given_behaviours(self.read.features, rows, np.array([k], np.int64), language)
        subject = str(subjects([self.features[k]], language)[0])
        return self.pool.place(singular(str(told[0]).removeprefix(subject)))

    def _stated(self, row: int, k: int) -> float:
        """Return the value; NaN where the model read a number in place of a null."""
        features = self.read.features
        if features is not None and len(features.numbers):
            place = features.plan.feature_places[k]
            if place >= 0 and np.isnan(features.numbers[place, row]):
                return math.nan
        return float(self.read.x[row, k])

    def _word(self, k: int, value: float, language: Language) -> int:
        place = np.zeros(1, np.int64)
        shown = quantities([self.features[k]], place, np.array([value]), language)[0]
        return self.pool.place(singular(str(shown)))
