"""What a report may be made of: every part optional, so that a run on real data, or a short `fit`, passes what it has.

Part left `None` = that part is not drawn. Shares, rates and PDs are in [0, 1]; points are score points (PDO 20); money is yuan.
Frames name their columns in the comment beside them; a column that is absent is left out of its table, a null cell is shown as a dash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ReportParams:
    """The `report` block of params.yaml: the page's title, and the language it opens in (a button changes it)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    title: str = "Credit decisions"
    language: Literal["en", "zh"] = "en"


@dataclass(frozen=True)
class Text:
    """A phrase in English and Chinese; `zh` empty = the English stands for both."""

    en: str
    zh: str = ""


@dataclass(frozen=True)
class BarResult:
    """One promise and what was measured: `value` None = not available (real data has no truth), `passed` None = not judged."""

    name: Text
    value: float | None
    kind: str  # how the value reads: share, p, count, points, number
    aim: str
    passed: bool | None
    note: str = ""


@dataclass(frozen=True)
class FlowStep:
    """One step of the flow from raw events to reasons, with the count that left it."""

    name: Text
    count: int | None
    unit: str


@dataclass(frozen=True)
class Example:
    """One decision in points: `base` + the points of all `steps` = `score_raw`, then rounding and clipping give `score`."""

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
        """Points by which base and steps miss `score_raw`: zero but for rounding in the last digits."""
        return self.base + sum(points for _, points in self.steps) - self.score_raw


@dataclass(frozen=True)
class Coverage:
    """Whether the adverse are told why: declines and refusals, the share with a reason, reasons each, and how far points miss the score."""

    adverse: int
    share_with_reason: float | None
    mean_per_adverse: float | None
    largest_sum_error_points: float


@dataclass(frozen=True)
class Picture:
    """One PNG drawn by the explain stage; `png_zh` is the same picture labelled in Chinese, where a font for it exists."""

    name: str
    caption: Text
    png: bytes = field(repr=False)
    png_zh: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ReportData:
    """All that a report shows, in the order in which it shows it."""

    title: str
    subtitle: str
    has_truth: bool
    language: Literal["en", "zh"] = "en"
    facts: tuple[tuple[str, str], ...] = ()
    bars: tuple[BarResult, ...] = ()
    flow: tuple[FlowStep, ...] = ()
    volumes: pd.DataFrame | None = None  # table, family, rows
    power: pd.DataFrame | None = (
        None  # name, auc, gini, ks, gini_true, share_of_oracle_gini, share_of_reachable_gini
    )
    validation: pd.DataFrame | None = (
        None  # sample (cv, oot), metric, mean, sd, ridge_mean, ridge_sd
    )
    roc: pd.DataFrame | None = None  # series, fpr, tpr
    ks: pd.DataFrame | None = (
        None  # series, score (share of applicants so far, safest first), bad_share, good_share (cumulative)
    )
    tests: pd.DataFrame | None = None  # test, model, ridge, reading
    reliability: pd.DataFrame | None = None  # series, n, mean_pd, observed, low, high
    tiers: pd.DataFrame | None = (
        None  # tier, pd_low, pd_high, n, share, mean_pd, observed, bads, daily_rate, apr, limit_cny
    )
    vintages: pd.DataFrame | None = None  # vintage, role, n, bad_rate, mean_pd, approval_rate, psi
    families: pd.DataFrame | None = (
        None  # family, share, low, high, target, tolerance, mean_abs_points
    )
    states: pd.DataFrame | None = None  # family, r2, aim
    claims: pd.DataFrame | None = (
        None  # id, what, source, target, tolerance, found, n, holds, why_not
    )
    portfolio: pd.DataFrame | None = None  # measure, kind, model, ridge
    swaps: pd.DataFrame | None = (
        None  # who, n, bad_rate: whom model and ridge choose apart at the same number of approvals
    )
    coverage: Coverage | None = None
    reasons: pd.DataFrame | None = None  # concept, text_en, text_zh, family, n, share, mean_points
    examples: tuple[Example, ...] = ()
    concepts: pd.DataFrame | None = None  # concept, text_en, text_zh, family, mean_abs_points
    pictures: tuple[Picture, ...] = ()
    fairness: pd.DataFrame | None = (
        None  # field, group, n, approval_rate, approval_ratio, mean_pd, bad_rate
    )
    selection: pd.DataFrame | None = None  # feature, family, why, detail
    runtime: pd.DataFrame | None = None  # stage, seconds, counts (text)
