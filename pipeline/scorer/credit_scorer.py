"""The estimator: a classifier of scikit-learn whose model is the bundle that every door runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
import pyarrow as pa

# Here and nowhere else at the top: the class below derives from these. Nothing imports this module
# before somebody asks for `creditloom.CreditScorer`.
from sklearn.base import BaseEstimator, ClassifierMixin

from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import frame_of
from creditloom.decision.reasons.reasons import Explain
from creditloom.decision.reasons.text import Language
from creditloom.models.fit.fit_params import FitParams
from creditloom.models.sample.arrays import Floats
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.model.fit_options import PARAMS
from creditloom.pipeline.scorer.fitting import fit_rows, with_seed, write_report
from creditloom.pipeline.scorer.given_rows import (
    GROUP,
    LABEL,
    TIME,
    WEIGHT,
    GivenRows,
    ScorerError,
    beside,
    is_frame,
    label_of,
    rows_of,
    weight_of,
)
from creditloom.pipeline.scorer.held_bundle import HeldBundle, read_scorer
from creditloom.pipeline.scorer.scored_rows import frame_rows, numbered, read_columns, with_ids
from creditloom.pipeline.scorer.scorer_options import (
    choices_of_options,
    names_of_option,
    plain_option,
    source_of_options,
)


class CreditScorer(ClassifierMixin, BaseEstimator):
    """Learn who will be bad from one row per application: PDs, decisions, reasons, a bundle.

    X is a frame (pandas, polars, Arrow) or an array, whose columns are called x0, x1, ...; texts
    are categories, nulls are allowed. The model is that of `creditloom fit` on the same table and
    seed, to the bit, and so are its PDs at every door of the bundle that `save` writes.

    monotone: by column 1 or "+" (more is riskier), -1 or "-", or a mapping of sign, concept,
    text_en, text_zh, unit; or the path of such a file. protected: columns that are reported on and
    never modelled. concepts: by column, the concept that its reasons name. special_codes: numbers
    that mean missing, of all columns or by column. categorical: columns that are categories
    although numbers. drop: columns left out. keep: columns that are features although they look
    like ids. row_id: the column that names a row. bad: the class that is bad; None = the second of
    the two, sorted. beyond: what `decide` does with a null or a level that training never had:
    refuse, refer or typical; None = as params.yaml says. accept: names of grave warnings that are
    accepted. seed: None = that of params.yaml. budget: minutes for a search of more shapes.

    After `fit`: `classes_`, `n_features_in_`, `feature_names_in_` (of a frame), `bundle_` and
    `held_out_pd_` (a PD per row of X, by models inside the fit that did not learn from the row;
    NaN where there is none).
    """

    def __init__(
        self,
        *,
        monotone: Mapping[str, Any] | str | Path | None = None,
        protected: Sequence[str] = (),
        concepts: Mapping[str, str] | None = None,
        special_codes: Sequence[float] | Mapping[str, Sequence[float]] = (),
        categorical: Sequence[str] = (),
        drop: Sequence[str] = (),
        keep: Sequence[str] = (),
        row_id: str | None = None,
        bad: Any = None,
        beyond: Literal["refuse", "refer", "typical"] | None = None,
        accept: Sequence[str] = (),
        seed: int | None = None,
        budget: float | None = None,
    ) -> None:
        self.monotone = monotone
        self.protected = protected
        self.concepts = concepts
        self.special_codes = special_codes
        self.categorical = categorical
        self.drop = drop
        self.keep = keep
        self.row_id = row_id
        self.bad = bad
        self.beyond = beyond
        self.accept = accept
        self.seed = seed
        self.budget = budget

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks of an estimator: two classes, nulls allowed."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def fit(
        self,
        X: Any,
        y: Any,
        time: Any = None,
        groups: Any = None,
        sample_weight: Any = None,
    ) -> Self:
        """Fit on rows X and outcomes y, one of two classes per row.

        time: date of each application; the level of the PD is then that of the latest months.
        groups: the borrower of each row; rows of one stay together in every fold. Both are one
        value per row, or the name of a column of X. sample_weight: how often a row counts; a row of
        weight 0 is left out. Raises ValueError for a table that cannot be learnt from; warns of
        what is grave, and of what few rows do not allow.
        """
        options = self.get_params(deep=False)
        named = names_of_option(self.row_id)
        rows = rows_of(self, X, is_new=True, named=named)
        label = label_of(self, y, self.bad)
        table, source = self._table(rows, y, label.is_bad, time, groups, sample_weight)
        fitted = fit_rows(table, source, self._fit_params(), choices_of_options(options))
        self.classes_ = label.classes
        self.bad_place_ = label.bad_place
        self.bundle_ = fitted.bundle
        self.held_out_pd_ = np.full(rows.table.num_rows, np.nan)
        weight = weight_of(sample_weight, rows.table.num_rows)
        is_used = np.ones(rows.table.num_rows, bool) if weight is None else weight > 0
        self.held_out_pd_[is_used] = fitted.held_out_pd
        self._fitted = fitted
        return self

    def _fit_params(self) -> FitParams:
        """Return the committed parameters with the seed; tests put few trees in their place."""
        return with_seed(section("fit", FitParams, PARAMS), self.seed)

    def _table(
        self, rows: GivenRows, y: Any, is_bad: Any, time: Any, groups: Any, sample_weight: Any
    ) -> tuple[pa.Table, Any]:
        """Return X with label, time, group and weight beside it, and the source that names them."""
        table = rows.table
        there = table.column_names
        options = self.get_params(deep=False)
        if not hasattr(self, "feature_names_in_"):
            # The columns of an array are all meant, even those that look like ids.
            options["keep"] = tuple(set(there) - {*names_of_option(self.drop), self.row_id})
        weight = weight_of(sample_weight, table.num_rows)
        name = getattr(y, "name", None)
        label = name if isinstance(name, str) and name not in there else LABEL
        parts = {"time": (time, TIME), "group": (groups, GROUP), "weight": (weight, WEIGHT)}
        stated: dict[str, Any] = {}
        for part, (values, wanted) in parts.items():
            if values is not None:
                table, stated[part] = beside(table, values, wanted)
        table, stated["label"] = beside(table, is_bad, label)
        source = source_of_options(options, there)
        if weight is not None:
            table = table.filter(pa.array(weight > 0))
        is_beside = time is not None and not isinstance(time, str)
        return table, replace(source, **stated, is_time_beside=is_beside)

    def predict_proba(self, X: Any) -> Floats:
        """Return the PD of each row and what is left to 1, in the order of `classes_`.

        Raises ValueError for columns that `fit` did not see or in another order, as scikit-learn
        does, for an infinite number, and with `beyond="refuse"` for what training never had.
        """
        bad = self._scorer.calibration.pd(self._margin(X))
        columns = [1.0 - bad, bad] if self.bad_place_ == 1 else [bad, 1.0 - bad]
        return np.stack(columns, axis=1)

    def predict(self, X: Any) -> Any:
        """Return the likelier class of each row; what a lender does is said by `decide`."""
        likelier = np.argmax(self.predict_proba(X), axis=1)
        return self.classes_[likelier]

    def decision_function(self, X: Any) -> Floats:
        """Return the log-odds of the second class: of the PD, unless the first class is bad."""
        logit = self._scorer.calibration.logit(self._margin(X))
        return np.asarray(logit if self.bad_place_ == 1 else -logit)

    def decide(
        self, X: Any, explain: Explain = "adverse", language: Language = "en"
    ) -> pd.DataFrame:
        """Return the decisions of the bundle, one row per row of X, as `Decider.decide` does.

        Columns are found by name, in any order; others are left alone. Without `row_id` and a
        column application_id the place of the row names it. Raises ValueError for a row that
        cannot be decided.
        """
        decider = self._decider
        is_named = is_frame(X) and hasattr(self, "feature_names_in_")
        given = frame_rows(X, decider) if is_named else rows_of(self, X, is_new=False)
        rows = with_ids(given, decider)
        columns = decider.decide_columns(rows.table, explain=explain, language=language)
        return frame_of(columns, rows.names)

    def explain(self, X: Any) -> tuple[float, pd.DataFrame]:
        """Return a base, and what each column adds to it: together the log-odds of the PD.

        One row per row of X, one column per column that the model reads. A column with special
        codes holds what its codes add too. These are exact SHAP values (path-dependent).
        """
        rows = self._read(X)
        scorer = self._scorer
        base, parts = scorer.margin.contributions(self._decider.read(rows.table).x)
        line = scorer.calibration
        names = [feature.read_column for feature in scorer.catalogue.features]
        frame = pd.DataFrame(line.a * parts, columns=names)
        # Several features may read one column: its value, and an indicator per special code.
        summed = frame.T.groupby(level=0, sort=False).sum().T
        return float(line.a * base + line.b), summed.set_axis(rows.names, axis=0)

    def report(self, path: str | Path, title: str = "Fit of a CreditScorer") -> Path:
        """Write the page that `creditloom fit` writes, judged on held-out rows; return its path.

        Costs what the command does: a cross-validation. Raises ValueError after `load`, as the
        rows are not in the bundle.
        """
        self._require_fitted()
        if not hasattr(self, "_fitted"):
            raise ScorerError.of(
                "The rows of training are not here",
                where="CreditScorer.report",
                expected="an estimator that was fitted in this process",
                got="one that was loaded",
                next_step="fit again, or use the page that was written then",
            )
        write_report(self._fitted, Path(path), title)
        return Path(path)

    def save(self, folder: str | Path) -> Path:
        """Write the bundle that batch, registry and REST run, and scorer.json beside it.

        An earlier bundle in `folder` is replaced, anything else is refused with DataError. Returns
        the folder.
        """
        self._require_fitted()
        names = getattr(self, "feature_names_in_", None)
        content = {
            "classes": {"dtype": str(self.classes_.dtype), "values": self.classes_.tolist()},
            "bad_place": self.bad_place_,
            "n_features": self.n_features_in_,
            "feature_names": None if names is None else list(names),
            "params": plain_option(self.get_params(deep=False)),
        }
        self.bundle_.save(Path(folder), content)
        return Path(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Return the estimator of a folder that `save` wrote, or of any other bundle.

        Another bundle has the classes 0 and 1, and the columns that its model reads. Raises
        DecisionError for a bundle that is not whole.
        """
        held = HeldBundle.read(Path(folder))
        content = read_scorer(Path(folder))
        if content is None:
            names = read_columns(held.decider)
            return cls()._restored(held, np.array([0, 1]), 1, names)
        if content["bundle"] != held.decider.bundle.version:
            raise ScorerError.of(
                "scorer.json belongs to another bundle",
                where=folder,
                expected=content["bundle"],
                got=held.decider.bundle.version,
                next_step="save again, or delete scorer.json",
            )
        classes = np.array(content["classes"]["values"], dtype=content["classes"]["dtype"])
        scorer = cls(**content["params"])
        restored = scorer._restored(held, classes, content["bad_place"], content["feature_names"])
        restored.n_features_in_ = content["n_features"]
        return restored

    def _restored(
        self, held: HeldBundle, classes: Any, bad_place: int, names: list[str] | None
    ) -> Self:
        self.bundle_ = held
        self.classes_ = classes
        self.bad_place_ = bad_place
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)
            self.n_features_in_ = len(names)
        return self

    def _read(self, X: Any) -> GivenRows:
        """Return what the model reads of X, checked by scikit-learn's rules."""
        decider = self._decider
        names = getattr(self, "feature_names_in_", ())
        unread = set(names) - set(read_columns(decider))
        return numbered(rows_of(self, X, is_new=False, unread=unread), decider)

    def _margin(self, X: Any) -> Floats:
        rows = self._read(X)
        decider = self._decider
        return np.asarray(decider.bundle.scorer.margin.raw(decider.read(rows.table).x))

    def _require_fitted(self) -> None:
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self, "bundle_")

    @property
    def _decider(self) -> Decider:
        self._require_fitted()
        return self.bundle_.decider

    @property
    def _scorer(self) -> Any:
        return self._decider.bundle.scorer
