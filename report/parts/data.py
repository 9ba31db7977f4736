"""The data of a report: `ReportData` and the types of its parts, all of them optional.

A part that is `None` is not drawn: a run on real data, or a `fit`, has fewer parts. Shares, rates
and PDs are in [0, 1]. Points are score points (PDO 20). Money is in yuan. The comment above a frame
names its columns. A table leaves out a column that its frame does not have, and shows null as a
dash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ReportParams:
    """The `report` block of params.yaml: title of the page, and the language it opens in."""

    title: str = "Credit decisions"
    language: Literal["en", "zh"] = "en"


@dataclass(frozen=True)
class Text:
    """A phrase in English and Chinese. If `zh` is empty, the English text is used for both."""

    en: str
    zh: str = ""


@dataclass(frozen=True)
class BarResult:
    """One bar and the figure that was measured for it.

    `value` is None when it is not available (real data has no truth). `passed` is None when the bar
    is not judged. `kind` says how the value is formatted (share, p, count, points, number; text as
    it stands).
    """

    name: Text
    value: float | str | None
    kind: str
    aim: str
    passed: bool | None
    note: str = ""


@dataclass(frozen=True)
class ShownFigure:
    """One figure of the decision page: `path` in metrics.json, its value, and how it is written.

    `note` says what it stands beside; `state` is pass, fail, or empty where nothing is judged.
    """

    path: str
    label: Text
    value: float | int | str | None
    kind: str
    note: str = ""
    state: str = ""


@dataclass(frozen=True)
class ShownApplicants:
    """The searchable applicants: JSON that the page's script draws from, and how many there are."""

    content: str = field(repr=False)
    n: int = 0


@dataclass(frozen=True)
class FlowStep:
    """One step of the flow from raw events to reasons, with the count of what it puts out."""

    name: Text
    count: int | None
    unit: str


@dataclass(frozen=True)
class Example:
    """One decision in points: `base` + the points of all `steps` = `score_raw`.

    Rounding and clipping then give `score`.
    """

    application_id: str
    decision: str
    tier: str
    pd: float
    base: float
    steps: tuple[tuple[Text, float], ...]
    score_raw: float
    score: int
    reasons: tuple[Text, ...] = ()
    limit_cny: float | None = None

    @property
    def gap(self) -> float:
        """Base plus steps minus `score_raw`, in points: zero apart from rounding."""
        return self.base + sum(points for _, points in self.steps) - self.score_raw


@dataclass(frozen=True)
class Coverage:
    """Whether adverse decisions carry reasons.

    `adverse`: number of declines and refusals; `mean_per_adverse`: mean number of reasons of one;
    `largest_sum_error_points`: largest difference between summed points and score.
    """

    adverse: int
    share_with_reason: float | None
    mean_per_adverse: float | None
    largest_sum_error_points: float


@dataclass(frozen=True)
class Picture:
    """One PNG drawn by the explain stage.

    `png_zh` is the same picture labelled in Chinese, where a font for it exists.
    """

    name: str
    caption: Text
    png: bytes = field(repr=False)
    png_zh: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ReportData:
    """Everything that a report shows, in reading order."""

    title: str
    subtitle: str
    has_truth: bool
    language: Literal["en", "zh"] = "en"
    # a table of the user's own: no raw events, no months, no product
    is_own: bool = False
    facts: tuple[tuple[str, str], ...] = ()
    # the head: sentences of the verdict, and what may not be concluded
    verdict: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    figures: tuple[ShownFigure, ...] = ()
    # measure, kind, model, ridge, incumbent
    beside: pd.DataFrame | None = None
    # as models/evaluation/profit/cutoffs.py makes them
    cutoffs: pd.DataFrame | None = None
    cutoff_segments: pd.DataFrame | None = None
    gains: pd.DataFrame | None = None
    score_density: pd.DataFrame | None = None
    # the model: name and text of the card; role, months, applications, booked, bads; setting, value
    card: tuple[tuple[Text, str], ...] = ()
    sample_flow: pd.DataFrame | None = None
    hyperparameters: pd.DataFrame | None = None
    # feature, text, text_zh, family, sign, gain_share, mean_abs_points, iv, missing_training,
    # missing, psi, typical_approved, typical_all, p10, p90, dependence ({x, y, null_points})
    features: pd.DataFrame | None = None
    # records of feature, points, rank; and the words of each feature
    swarm: tuple[dict[str, Any], ...] = ()
    # field, group or sample; n, bads, auc, ks, mean_pd, bad_rate, o_e
    segment_power: pd.DataFrame | None = None
    samples: pd.DataFrame | None = None
    # feature, and one column per out-of-time month
    feature_psi: pd.DataFrame | None = None
    # vintage (quarter), loans, m1 to m12
    curves_on_book: pd.DataFrame | None = None
    applicants: ShownApplicants | None = None
    # rival, sample, verdict (each with _zh), sample_id, n, bads, auc, rival_auc, auc_delta, low,
    # high, p_delong, share_delta, share_low, share_high: model less rival, 95 % intervals
    duels: pd.DataFrame | None = None
    bars: tuple[BarResult, ...] = ()
    flow: tuple[FlowStep, ...] = ()
    # table, family, rows
    volumes: pd.DataFrame | None = None
    # name, auc, gini, ks, gini_true, share_of_oracle_gini, share_of_reachable_gini
    power: pd.DataFrame | None = None
    # of a fitted table: sample (cv, oot), metric; model, ridge, difference and their _interval
    validation: pd.DataFrame | None = None
    # text: a sentence per sample of it with few bads
    uncertain: pd.DataFrame | None = None
    # series, fpr, tpr
    roc: pd.DataFrame | None = None
    # series, score (share of applicants so far, safest first), bad_share, good_share (cumulative)
    ks: pd.DataFrame | None = None
    # test, model, ridge, reading
    tests: pd.DataFrame | None = None
    # series, n, mean_pd, observed, low, high
    reliability: pd.DataFrame | None = None
    # sample, field, group, n, bads, mean_pd and its _low, _high, o_e, low, high, p_holm, shape_o_e,
    # shape_p_holm: whether the PD of each group is right
    groups: pd.DataFrame | None = None
    # tier, pd_low, pd_high, n, share, mean_pd, observed, bads, daily_rate, apr, limit_cny
    tiers: pd.DataFrame | None = None
    # vintage, role, n, bad_rate, mean_pd, approval_rate, psi
    vintages: pd.DataFrame | None = None
    # family, share, low, high, target, tolerance, mean_abs_points
    families: pd.DataFrame | None = None
    # family, r2, aim
    states: pd.DataFrame | None = None
    # id, what, source, target, tolerance, found, n, holds, why_not
    claims: pd.DataFrame | None = None
    # measure, kind, model, ridge
    portfolio: pd.DataFrame | None = None
    # step, amount_cny, profit_cny (after the step): the amounts sum to the last profit
    profit_bridge: pd.DataFrame | None = None
    # who, n, bad_rate: applicants approved by both models or by one alone, at equal numbers
    swaps: pd.DataFrame | None = None
    coverage: Coverage | None = None
    # concept, text_en, text_zh, family, n, share, mean_points
    reasons: pd.DataFrame | None = None
    # figure, figure_zh, model, best, of_best, reading: cited concepts by the truth; persons asked
    # and concepts cited
    true_reasons: pd.DataFrame | None = None
    asked_reasons: tuple[int, int] | None = None
    examples: tuple[Example, ...] = ()
    # concept, text_en, text_zh, family, mean_abs_points
    concepts: pd.DataFrame | None = None
    pictures: tuple[Picture, ...] = ()
    # field, group, n, approval_rate, approval_ratio, mean_pd, bad_rate
    fairness: pd.DataFrame | None = None
    # field, group, outcome, basis, n, value, low, high, best, measure, against and its _low, _high,
    # edge, state, decided, role, reason, decided_on, review_by
    fairness_rows: pd.DataFrame | None = None
    # field, group, n, by, name, auc, low, high, is_named
    fairness_proxies: pd.DataFrame | None = None
    # id, jurisdiction, of, name, standing, since, source, note, applications, is_computed
    fairness_laws: pd.DataFrame | None = None
    # level, name, text, next_step
    warnings: pd.DataFrame | None = None
    # field, feature, feature_auc, group, score_auc, hidden_rows
    proxies: pd.DataFrame | None = None
    # column, nulls, unseen, share: rows that hold what training never saw; of them, and of all, how
    # many there are
    beyond: pd.DataFrame | None = None
    beyond_rows: tuple[int, int] | None = None
    # feature, family, why, detail
    selection: pd.DataFrame | None = None
    # stage, seconds, counts (text)
    runtime: pd.DataFrame | None = None
