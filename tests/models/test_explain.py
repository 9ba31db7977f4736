"""The shap library's explanation adds up and agrees with the runtime.

It reads in points, and its pictures repeat byte for byte.
"""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.models.sample.errors import ModelError
from creditloom.report.explanation import explain as explaining
from creditloom.report.explanation.pictures import chinese_font, pictures
from creditloom.report.parts.data import Text
from tests.models.tiny import world

PARAMS = explaining.ExplainParams(rows=100, features_shown=5, dependences=1, dpi=50)


@pytest.fixture(scope="module")
def explained() -> explaining.SamplePoints:
    text, scorer, x = world()
    return explaining.explain(text, scorer, x)


def test_points_of_the_library_are_the_runtimes_and_add_up_to_the_score(
    explained: explaining.SamplePoints,
) -> None:
    _, scorer, x = world()
    score_raw = scorer.calibration.offset - scorer.calibration.factor * (
        scorer.calibration.a * scorer.margin.raw(x) + scorer.calibration.b
    )
    assert explained.largest_difference < 1e-9
    np.testing.assert_allclose(explained.base + explained.points.sum(axis=1), score_raw, atol=1e-9)


def test_a_riskier_value_costs_points(explained: explaining.SamplePoints) -> None:
    risky = explained.data[:, 0]
    points = explained.points[:, 0]
    assert points[risky > 1].mean() < 0 < points[risky < -1].mean()


def test_concepts_and_families_keep_every_point(explained: explaining.SamplePoints) -> None:
    for by in ("concept", "family"):
        _, points = explained.grouped(by)
        np.testing.assert_allclose(points.sum(axis=1), explained.points.sum(axis=1), atol=1e-9)


def test_family_shares_sum_to_one_and_name_the_strong_ones(
    explained: explaining.SamplePoints,
) -> None:
    shares = explaining.families(explained).set_index("family")["share"]
    assert shares.sum() == pytest.approx(1.0)
    assert shares["payment_flow"] > shares["bureau"] > shares["device_stability"]


def test_shares_of_a_score_that_never_varies_are_null(explained: explaining.SamplePoints) -> None:
    flat = explaining.SamplePoints(
        500.0, np.zeros((10, 5)), explained.data[:10], explained.catalogue, 0.0
    )
    assert explaining.families(flat)["share"].isna().all()


def test_concept_table_is_sorted_and_bilingual(explained: explaining.SamplePoints) -> None:
    frame = explaining.concepts(explained)
    assert list(frame["mean_abs_points"]) == sorted(frame["mean_abs_points"], reverse=True)
    assert frame.loc[0, "text_en"] == "activity of behaviour"
    assert frame.loc[0, "text_zh"] == "activity行为"


def test_a_sample_repeats_and_never_doubles_a_row() -> None:
    rows = explaining.sample(1000, 100, seed=3)
    assert len(set(rows.tolist())) == 100
    assert (rows == explaining.sample(1000, 100, seed=3)).all()
    assert len(explaining.sample(7, 100, seed=3)) == 7


def test_nothing_to_explain_is_refused() -> None:
    with pytest.raises(ModelError, match="expected out-of-time applications, got none"):
        explaining.sample(0, 100, seed=1)


@pytest.mark.slow
def test_pictures_repeat_byte_for_byte_and_leave_numpys_state_alone(
    explained: explaining.SamplePoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "creditloom.report.explanation.pictures.chinese_font", lambda: None
    )  # one language is enough here
    np.random.seed(11)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    few = explaining.SamplePoints(
        explained.base, explained.points[:60], explained.data[:60], explained.catalogue, 0.0
    )
    first, second = (pictures(few, PARAMS, [(0, Text("an example", "例"))]) for _ in range(2))
    assert [p.name for p in first] == [
        "beeswarm",
        "concepts",
        "families",
        "dependence_1",
        "waterfall_1",
    ]
    assert [p.png for p in first] == [p.png for p in second]
    assert all(p.png.startswith(b"\x89PNG") for p in first)
    # Byte 25 of a PNG says how a point is written: 3 is a place in a palette, 2 a true colour,
    # with which the pictures were three quarters of the page.
    assert {p.png[25] for p in first} == {3}
    assert (before == np.random.get_state()[1]).all()  # noqa: NPY002


def test_chinese_pictures_where_a_font_holds_chinese(explained: explaining.SamplePoints) -> None:
    if chinese_font() is None:
        pytest.skip("no Chinese font on this machine")
    drawn = pictures(explained, PARAMS)
    assert all(p.png_zh is not None and p.png_zh != p.png for p in drawn)
