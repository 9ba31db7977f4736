"""From metrics.json to the frames of the report.

Model and ridge stand side by side; what real data cannot know is left out.
"""

from __future__ import annotations

from typing import Any

from creditloom.report.page import report_frames

OF_THE_TRUTH = ("gini_oot_true", "share_of_oracle_gini", "share_of_reachable_gini")
LIMITS = ("gini_oracle", "gini_reachable")
RIDGE = {
    "auc_oot": 0.76,
    "gini_oot": 0.52,
    "ks_oot": 0.38,
    "gini_oot_true": 0.5,
    "share_of_oracle_gini": 0.8,
    "share_of_reachable_gini": 1.0,
}
MODEL = {
    **RIDGE,
    "auc_oot": 0.75,
    "gini_oot_true": 0.45,
    "share_of_reachable_gini": 0.9,
    "gini_oracle": 0.625,
    "gini_reachable": 0.5,
}
SWAP = {
    "both": {"n": 90, "bad_rate": 0.01},
    "model_only": {"n": 10, "bad_rate": 0.02},
    "ridge_only": {"n": 10, "bad_rate": None},
}
SHARES = {
    "assets": {"share": 0.2, "low": 0.1, "high": 0.3, "target": 0.15, "tolerance": 0.04},
    "bureau": {"share": 0.8, "low": 0.7, "high": 0.9, "target": 0.85, "tolerance": 0.04},
}


def metrics(has_truth: bool = True) -> dict[str, Any]:
    """The nested blocks of design 9, with round numbers; without a truth its figures are null."""
    unknown = {} if has_truth else dict.fromkeys(OF_THE_TRUTH)
    ridge = {**RIDGE, **unknown}
    model = {**MODEL, **unknown, **({} if has_truth else dict.fromkeys(LIMITS))}
    cut = {"approval_rate": 0.68, "bad_rate_approved_true": 0.011 if has_truth else None}
    target = {} if has_truth else {"target": None}
    shares = {family: {"family": family, **row, **target} for family, row in SHARES.items()}
    return {
        "discrimination": {**model, "ridge_logit": ridge},
        "calibration": {
            "ece": 0.002,
            "slope": 1.02,
            "unheard_of": 3,
            "ridge_logit": {"ece": 0.003},
        },
        "portfolio": _portfolio(cut),
        "family_share": shares,
        "challenger": {"swap": SWAP},
    }


def _portfolio(cut: dict[str, float | None]) -> dict[str, Any]:
    return {
        "zeal_rate": 0.5,
        **cut,
        "mean_limit_cny": 8000.0,
        "decision_share": {"approve": 0.6},
        "ridge_logit": cut,
    }


def test_oracle_and_reachable_stand_above_model_and_ridge() -> None:
    frame = report_frames.power(metrics()).set_index("name")
    assert list(frame.index) == ["oracle", "reachable", "model", "ridge logit"]
    assert frame.loc["reachable", "share_of_oracle_gini"] == 0.5 / 0.625
    assert frame.loc["model", "share_of_reachable_gini"] == 0.9
    assert frame.loc["oracle", ["auc", "share_of_reachable_gini"]].isna().all()


def test_without_truth_only_what_was_observed_stands() -> None:
    frame = report_frames.power(metrics(has_truth=False))
    assert list(frame["name"]) == ["model", "ridge logit"]
    assert list(frame.columns) == ["name", "auc", "gini", "ks"]
    assert "target" not in report_frames.families(metrics(has_truth=False))


def test_tests_keep_their_order_and_the_ridge_its_gaps() -> None:
    frame = report_frames.tests(metrics())
    assert list(frame["test"]) == ["slope", "expected calibration error"]
    assert frame["ridge"].isna().tolist() == [True, False]


def test_the_portfolio_names_what_it_knows_and_shows_what_it_does_not() -> None:
    frame = report_frames.portfolio(metrics())
    assert frame["measure"].tolist() == [
        "approval rate",
        "true bad rate of approved, neutral macro",
        "mean limit",
        "zeal rate",
        "decided to approve",
    ]
    assert frame["kind"].tolist() == ["share", "rate", "money", "rate", "share"]


def test_swap_sets_are_named_in_words() -> None:
    assert report_frames.swaps(metrics())["who"].tolist() == [
        "both",
        "the model only",
        "the ridge logit only",
    ]


def test_the_largest_family_comes_first() -> None:
    assert report_frames.families(metrics())["family"].tolist() == ["bureau", "assets"]
