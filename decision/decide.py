"""The decision itself: a frame of applications in, one decision per application out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from .base.errors import DecisionError
from .bundle import CONTENT_IDS, GIVEN_IDS, Bundle
from .frames.arrow import (
    decision_ids,
    frame_of,
    law_names,
    offer_columns,
    table_of,
    text,
    tier_names,
)
from .frames.columns import AS_OF, CONSENTED, CONSENTED_CONCEPTS, input_columns
from .frames.content import content_words
from .frames.feature_values import BeyondRows, FeatureValues
from .frames.input_block import InputBlock
from .frames.input_frame import Frame
from .frames.row_rules import RowFault, find, repeated_ids
from .reasons.reasons import EXPLAINS, Explain, RowPoints, reasons_by_row
from .reasons.text import LANGUAGES, Language
from .reasons.words import FEW, word_column
from .rulebook.condition import OPTIONAL
from .rulebook.offer import Offers, offers
from .rulebook.policy import Policy
from .rules.batch_context import BatchContext
from .rules.rules import under_age
from .rules.verdict import OUTCOMES, Verdicts, verdicts_by_tier, verdicts_of
from .score.contributions.column_loops import columns_outside
from .score.drift import Drift, PopulationCounts, RollingCounts
from .score.scorer import score

PolicyTerms = tuple[Policy, Offers | None]


class _Options(NamedTuple):
    """The wishes of one call, as in `Decider.decide`."""

    explain: Explain
    language: Language
    law: str


class BatchOutcomes(NamedTuple):
    """What is decided of a batch: arrays run over applications; `batch` is None without a product.

    `scored` has pd, score_raw and score; `is_scored` marks who may be scored. `explained` are the
    points of all rows where the same pass over the trees gave them.
    """

    batch: BatchContext | None
    verdicts: Verdicts
    scored: dict[str, Any]
    grade: np.ndarray
    is_scored: np.ndarray
    explained: RowPoints | None = None


@dataclass(frozen=True)
class Decider:
    """A bundle ready to decide, with the terms of each product and law that was asked for.

    `window` counts the last rows that it decided: see `population`.
    """

    bundle: Bundle
    terms_by_choice: dict[tuple[str, str], PolicyTerms] = field(default_factory=dict)
    window: RollingCounts = field(default_factory=RollingCounts, compare=False)

    @classmethod
    def load(cls, folder: str | Path, threads: int | None = None) -> Decider:
        """Read a verified bundle and price its tiers.

        Raises `DecisionError` when the bundle is not whole or contradicts itself, and when its
        policy was not approved.
        """
        decider = cls(Bundle.load(folder, threads))
        # Priced now, so that a rule book that cannot be priced fails here and not at the first row.
        decider.terms("", "")
        return decider

    def terms(self, product: str, law: str) -> PolicyTerms:
        """Return rule book and offers of a product under a law.

        Empty names take the bundle's default product, and its laws by their dates. Raises
        `DecisionError` for a name that the bundle does not hold, and for a policy that was not
        approved: every door asks here, so it decides nothing.
        """
        if (product, law) not in self.terms_by_choice:
            policy = self.bundle.policy.choose(product, law)
            self.bundle.require_approved(policy)
            priced = None
            if policy.product:
                priced = offers(policy, policy.product, self.bundle.tiers, self._families)
            self.terms_by_choice[product, law] = (policy, priced)
        return self.terms_by_choice[product, law]

    def columns(self, there: Container[str]) -> list[str]:
        """Return the columns that a decision reads of a frame that has those of `there`.

        They are the id, the required inputs, the optional facts that are there, and the features.
        """
        bundle = self.bundle
        columns = input_columns(bundle.policy.inputs, bundle.scorer.catalogue, there, bundle.layout)
        return [column.read_from for column in columns]

    @property
    def _families(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(f.family for f in self.bundle.scorer.catalogue.features))

    @cached_property
    def read_names(self) -> frozenset[str]:
        """Names of all columns that a decision may read."""
        return frozenset((*self.columns(OPTIONAL),))

    @cached_property
    def moment_names(self) -> frozenset[str]:
        """Names of the columns that a decision may read as moments, and of the house's own."""
        bundle = self.bundle
        columns = input_columns(bundle.policy.inputs, bundle.scorer.catalogue, (), bundle.layout)
        read = (one.read_from for one in columns if one.kind == "time" or one.is_days)
        return frozenset((*read, AS_OF))

    def read(self, frame: pd.DataFrame | pa.Table, policy: Policy | None = None) -> Frame:
        """Check and convert the input.

        Raises `DecisionError` naming column, row, expected and got.
        """
        return self.bundle.reader.decidable(frame, (policy or self.bundle.policy).banned_columns)

    def warm(self) -> None:
        """Score, explain, check and name one row of nulls, so that compiled code is loaded."""
        self.bundle.scorer.warm()
        catalogue = self.bundle.scorer.catalogue
        row = Frame(
            application_id=np.zeros(1, np.int64),
            as_of=np.zeros(1, "datetime64[us]"),
            purpose=np.full(1, None, object),
            numbers={},
            x=np.full((1, len(catalogue.names)), np.nan),
        )
        decision_ids(row, "", "", content=content_words(row, catalogue))
        columns_outside(np.zeros((1, 1)), np.zeros(1), np.zeros(1))

    def margins(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the model's margin of each row: log-odds before calibration."""
        return self.bundle.scorer.margin.raw(self.read(frame).x)

    def points(self, frame: pd.DataFrame) -> tuple[float, pd.DataFrame]:
        """Return base points, and one column of points per concept.

        Base points plus the points of a row are its score_raw.
        """
        scorer = self.bundle.scorer
        points = scorer.concept_points(self.read(frame).x)
        concepts = list(scorer.catalogue.concept_ids)
        return scorer.base_points, pd.DataFrame(points, columns=concepts, index=frame.index)

    def decide(
        self,
        frame: pd.DataFrame,
        *,
        explain: Explain = "adverse",
        language: Language = "en",
        product: str = "",
        law: str = "",
    ) -> pd.DataFrame:
        """Return one decision per row; `frames/arrow.py` lists the columns.

        explain: `adverse` gives reasons where a decision is adverse or a limit cut; `all` gives
        them to everyone and adds `points_base` and `points_<concept>`; `none` leaves out the
        score's reasons (not fit for a notice to the applicant).
        product, law: one of the bundle's. Empty takes its default product, and of its default laws
        the one in force on the day.
        """
        columns = self.decide_columns(
            frame, explain=explain, language=language, product=product, law=law
        )
        return frame_of(columns, frame.index)

    def decide_columns(
        self,
        frame: pd.DataFrame,
        *,
        explain: Explain = "adverse",
        language: Language = "en",
        product: str = "",
        law: str = "",
    ) -> dict[str, Any]:
        """Return the same decisions as arrays, of numpy or Arrow, one per column.

        For callers that make a frame of another kind of them.
        """
        policy, priced = self.terms(product, law)
        options = _Options(explain, language, law)
        return self._counted(self.read(frame, policy), policy, priced, options)

    def decide_table(
        self,
        table: pa.Table,
        *,
        explain: Explain = "adverse",
        language: Language = "en",
        product: str = "",
        law: str = "",
    ) -> pa.Table:
        """Return the same decisions for a batch in Arrow.

        Checks, values, columns and types are those of `decide`.
        """
        policy, priced = self.terms(product, law)
        rows = self.read(table, policy)
        return table_of(self._counted(rows, policy, priced, _Options(explain, language, law)))

    def judged(
        self,
        frame: pd.DataFrame | pa.Table,
        *,
        today: dt.date,
        repeated: pa.Array | None = None,
        policy: Policy | None = None,
    ) -> tuple[InputBlock, list[RowFault]]:
        """Return an input in its one form, and every fault of its rows.

        today: the last day on which an as_of may lie. repeated: the ids that occur more than once
        where the frame is a part of a larger input; None looks at the frame alone. Raises
        `DecisionError` for columns of which no row can be read.
        """
        block = self.bundle.reader.block(frame, (policy or self.bundle.policy).banned_columns)
        return block, self.faults(block, today=today, repeated=repeated)

    def faults(
        self, block: InputBlock, *, today: dt.date, repeated: pa.Array | None = None
    ) -> list[RowFault]:
        """Return every fault of the rows of a block; `today` and `repeated` as in `judged`."""
        copies = repeated_ids(block.ids) if repeated is None else repeated
        return [*find(block, copies, today), *self.bundle.reader.beyond_faults(block)]

    def population(self) -> tuple[PopulationCounts, Drift]:
        """Return the counts of the last rows that came here, and what they say.

        Some 10,000 rows at most (`score/drift.py`), those that were refused among them. An online
        service reads it where a batch would be stopped; deciding itself goes on, each row by its
        treatment.
        """
        counts = self.window.total()
        bundle = self.bundle
        return counts, Drift.of(counts, bundle.reference, bundle.policy.beyond_training)

    def count(self, features: FeatureValues | None, n_rows: int, scores: np.ndarray) -> None:
        """Add rows to the window: what of all of them lies beyond training, and their scores.

        A row that is refused has no score, and tells as much of where the data come from.
        """
        beyond = BeyondRows() if features is None else features.beyond
        counts = PopulationCounts.of(beyond, n_rows)
        self.window.add(counts + PopulationCounts.of_scores(scores, self.bundle.reference))

    def decide_block(
        self,
        block: InputBlock,
        *,
        explain: Explain = "adverse",
        language: Language = "en",
        product: str = "",
        law: str = "",
    ) -> dict[str, Any]:
        """Return the decisions on a block of `judged` that has no bad row, as `decide_columns`.

        They are not counted: `count` takes all rows of the block that was judged.
        """
        policy, priced = self.terms(product, law)
        rows = self.bundle.reader.frame(block)
        return self._decided(rows, policy, priced, _Options(explain, language, law))

    def _counted(
        self, rows: Frame, policy: Policy, priced: Offers | None, options: _Options
    ) -> dict[str, Any]:
        """Return the decisions on rows of which none is refused, and count them."""
        decided = self._decided(rows, policy, priced, options)
        self.count(rows.features, len(rows.x), decided["score_raw"])
        return decided

    def _decided(
        self, rows: Frame, policy: Policy, priced: Offers | None, options: _Options
    ) -> dict[str, Any]:
        """Return the columns of `frames/arrow.py`, as arrays of numpy or Arrow."""
        one_of("explain", options.explain, EXPLAINS)
        one_of("language", options.language, LANGUAGES)
        n = len(rows.x)
        # Few rows are explained by the pass that scores them, where all of them will be explained.
        is_one_pass = options.explain == "all" and n <= FEW
        batch, verdicts, scored, grade, is_scored, known = self._outcomes(
            rows, policy, priced, is_one_pass=is_one_pass
        )
        wishes = (options.explain, options.language)
        # A decline that nothing explains becomes a referral: the verdicts are those after that.
        reasons, points, verdicts = reasons_by_row(
            self.bundle, rows, batch, verdicts, *wishes, is_scored, known
        )
        grades = word_column([*self.bundle.tiers.names, None], np.where(is_scored, grade, -1))
        head = self._head(rows, batch, policy, options.law)
        decision = {
            "grade": grades,
            "tier": tier_names(batch, grades, is_scored),
            "decision": word_column(OUTCOMES, verdicts.outcome),
        }
        offer = offer_columns(batch, verdicts)
        why = {
            "reasons": reasons.column(n),
            "refusal_codes": verdicts.codes(),
            "actions": verdicts.action_texts(),
            "not_assessed": verdicts.not_assessed_codes(),
        }
        return {**head, **scored, **decision, **offer, **why, **self._versions(n), **points}

    def _outcomes(
        self,
        rows: Frame,
        policy: Policy,
        priced: Offers | None,
        *,
        is_one_pass: bool = False,
    ) -> BatchOutcomes:
        """Return what every rule says of the rows, before anything is put into words."""
        batch = self._unscored_batch(rows, policy, priced)
        # R4: who is under age is refused without being scored.
        is_scored = ~under_age(batch) if batch else np.ones(len(rows.x), dtype=bool)
        explained: RowPoints | None = None
        if is_one_pass and is_scored.all():
            scorer = self.bundle.scorer
            known = scorer.margins_points_and_leads(rows.x, self.bundle.reference_points)
            margin = known[0]
            explained = RowPoints(*known[1:])
        else:
            margin = self._margin(rows, is_scored)
        scored = self._scored(margin)
        grade = self.bundle.tiers.index(scored["pd"])
        batch = batch.graded(grade) if batch else None
        if batch:
            verdicts = verdicts_of(batch)
        else:
            verdicts = verdicts_by_tier(policy, self.bundle.tiers, grade, rows)
        return BatchOutcomes(batch, verdicts, scored, grade, is_scored, explained)

    def outcomes(self, block: InputBlock, *, product: str = "", law: str = "") -> BatchOutcomes:
        """Return verdicts and PDs of a block without bad rows: no ids, no words, not counted.

        For a search over many changed copies of one application.
        """
        policy, priced = self.terms(product, law)
        return self._outcomes(self.bundle.reader.frame(block), policy, priced)

    def _versions(self, n_rows: int) -> dict[str, Any]:
        """Return the columns that say which model and which rule book decided."""
        return {
            "model_version": text(self.bundle.version, n_rows),
            "policy_version": text(self.bundle.policy_version, n_rows),
        }

    def _head(
        self, rows: Frame, batch: BatchContext | None, policy: Policy, law: str
    ) -> dict[str, Any]:
        """Return the columns that say what was decided on: ids, product, law and moment."""
        n = len(rows.x)
        # The default product and law add nothing to the id, so that it stays what it always was.
        product = "" if policy.name == self.bundle.policy.name else policy.name
        chosen = "|".join(filter(None, (product, law)))
        content = None
        if self.bundle.format >= CONTENT_IDS:
            is_given = self.bundle.format >= GIVEN_IDS
            content = content_words(rows, self.bundle.scorer.catalogue, is_given=is_given)
        versions = (self.bundle.version, self.bundle.policy_version)
        ids = decision_ids(rows, *versions, chosen, content)
        return {
            "decision_id": ids,
            "application_id": rows.application_id,
            "product": text(policy.name, n),
            "law_profile": law_names(batch, n),
            "as_of": rows.as_of,
        }

    def _margin(self, rows: Frame, is_scored: np.ndarray) -> np.ndarray:
        """Return the model's margins; null for those who may not be scored (R4)."""
        scorer = self.bundle.scorer
        if is_scored.all():
            return scorer.margin.raw(rows.x)
        margin = np.full(len(rows.x), np.nan)
        margin[is_scored] = scorer.margin.raw(rows.x[is_scored])
        return margin

    def _scored(self, margin: np.ndarray) -> dict[str, Any]:
        """Return PD and score of margins."""
        calibration = self.bundle.scorer.calibration
        raw = calibration.score_raw(margin)
        return {"pd": calibration.pd(margin), "score_raw": raw, "score": score(raw)}

    def _unscored_batch(
        self, rows: Frame, policy: Policy, priced: Offers | None
    ) -> BatchContext | None:
        """Return the batch before anyone is scored, everyone in the best grade.

        None without a product.
        """
        if policy.product is None or priced is None:
            return None
        return BatchContext(
            frame=rows,
            policy=policy,
            product=policy.product,
            tiers=self.bundle.tiers,
            offers=priced,
            grade=np.zeros(len(rows.x), dtype=np.int64),
            has_unconsented=self._unconsented(rows),
        )

    def _unconsented(self, rows: Frame) -> np.ndarray:
        """Mark rows that hold a value of a family or concept whose consent they lack (R6)."""
        is_unconsented = np.zeros(len(rows.x), dtype=bool)
        for consent, columns in self._features_by_consent.items():
            refused = np.flatnonzero(rows.numbers[consent] != 1)
            if rows.features is None or rows.features.plan.is_plain:
                # Transposed, as the values of a feature lie together in memory.
                given = rows.x if rows.features is None else rows.features.numbers.T
                values = given.T[np.ix_(columns, refused)]
                is_unconsented[refused] |= ~np.isnan(values).all(axis=0)
                continue
            for k in columns.tolist():
                is_unconsented[refused] |= rows.features.is_given(k, refused)
        return is_unconsented

    @cached_property
    def _features_by_consent(self) -> dict[str, np.ndarray]:
        """Return, per consent, the positions of the features that need it."""
        features = self.bundle.scorer.catalogue.features
        needed = np.array(
            [CONSENTED.get(f.family) or CONSENTED_CONCEPTS.get(f.concept) or "" for f in features]
        )
        consents = sorted({*needed.tolist()} - {""})
        return {consent: np.flatnonzero(needed == consent) for consent in consents}


def one_of(name: str, given: object, allowed: tuple[str, ...]) -> None:
    """Raise `DecisionError` for a parameter that is not among the allowed values."""
    if given not in allowed:
        raise DecisionError(
            "a parameter has an unknown value",
            where=name,
            expected=f"one of {', '.join(allowed)}",
            got=repr(given),
            next_step="choose one of them",
        )
