"""The committed products and law profiles.

Parsed strictly, compiled to JSON, and read back unchanged by the runtime alone.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.base.strict_json import canonical, parse, plain
from creditloom.decision.rulebook.condition import SourcedValue
from creditloom.decision.rulebook.law import Law, in_order, index_of
from creditloom.decision.rulebook.offer import offers
from creditloom.decision.rulebook.policy import Policy, tiers_only_policy
from creditloom.decision.rulebook.product import Product
from creditloom.decision.score.tiers import Tiers
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import ParamsError, document
from creditloom.pipeline.products.product_folder import every_product
from creditloom.portfolio.benchmarks import Benchmarks
from tests.decision.small import EDGES, house, laws, rules

FEET = {"value": 9, "unit": "count", "source": "S1"}
PRODUCT_FILES = sorted(paths.PRODUCTS.glob("*_[vS]*.yaml"))
LAW_FILES = sorted(set(paths.LAW.glob("*.yaml")) - {paths.LAW_TESTS})


@pytest.mark.parametrize("file", PRODUCT_FILES, ids=lambda f: f.stem)
def test_a_product_survives_the_way_through_json(file: Path) -> None:
    product = document(Product, file)
    assert parse(Product, json.loads(canonical(product)), "product") == product


@pytest.mark.parametrize("file", LAW_FILES, ids=lambda f: f.stem)
def test_a_law_profile_survives_the_way_through_json(file: Path) -> None:
    law = document(Law, file)
    assert law.id == file.stem
    assert parse(Law, json.loads(canonical(law)), "law") == law


def test_the_compiled_rule_book_is_read_back_whole() -> None:
    policy = Policy.from_json(json.dumps(rules()))
    assert (policy.product, policy.laws) == (house(), laws())
    assert plain(policy) == {**rules(), "beyond_training": None}


def test_without_a_product_the_tier_alone_decides() -> None:
    policy = Policy.from_json(json.dumps(tiers_only_policy()))
    assert (policy.product, policy.inputs, policy.name, policy.verdicts["G7"]) == (
        None,
        (),
        "tiers_only",
        "refer",
    )


# table: a case a row
@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (
            ("limit", "maximun"),
            {"value": 1, "unit": "CNY", "source": "S1"},
            "limit.maximun: unknown key (did you mean `maximum`?)",
        ),
        (("limit", "maximum", "unit"), "RMB", "RMB"),
        (("limit", "maximum", "value"), "200000", "limit.maximum.value"),
        (("limit", "maximum", "source"), "", "source"),
        (("repayment", "method"), "balloon", "repayment.method"),
        (("effective_from",), "2024-13-01", "effective_from"),
        (("effective_to",), "2022-12-31", "house@v1 effective_to"),
        (("price", "all_in_cap", "value"), 0.2, "over the product's own cap"),
        (("price", "daily_high", "value"), 0.01, "its band is empty"),
        (("tiers", 2, "worst_grade"), "G2", "tiers overlap"),
        (
            ("tiers", 0, "limit_low"),
            {"value": 100000, "unit": "CNY", "source": "S1"},
            "limit bands that do not overlap",
        ),
        (("tiers", 0, "daily_rate", "value"), 0.01, "within the product's 0.02-0.0657 % a day"),
        (
            ("tiers", 3, "conditions"),
            [{"fact": "shoe_size", "test": "above", "than": FEET}],
            "shoe_size",
        ),
        (
            ("tiers", 3, "conditions"),
            [{"fact": "pay_score", "test": "above", "than": FEET}],
            "in its unit, points",
        ),
        (
            ("tiers", 0, "penalty"),
            {"value": 0.6, "unit": "share", "source": "S5"},
            "at most 0.5 share, the penalty of the product",
        ),
        (("affordability", "median_wage", "note"), "", "no note"),
        (("horizon", "unit"), None, "horizon.unit"),
    ],
)
def test_a_bad_product_file_is_refused_with_its_key(
    tmp_path: Path, path: tuple[str | int, ...], value: object, said: str
) -> None:
    content = yaml.safe_load((paths.PRODUCTS / "house_v1.yaml").read_text())
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    file = tmp_path / "bad.yaml"
    file.write_text(yaml.safe_dump(content))
    with pytest.raises((ParamsError, DecisionError)) as refused:
        document(Product, file)
    assert said in str(refused.value)
    assert str(file) in str(refused.value)


def test_a_missing_unit_is_refused(tmp_path: Path) -> None:
    text = (
        (paths.PRODUCTS / "house_v1.yaml")
        .read_text()
        .replace("maximum: {value: 200000, unit: CNY,", "maximum: {value: 200000,")
    )
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ParamsError, match=r"bad\.yaml: limit\.maximum\.unit: missing"):
        document(Product, tmp_path / "bad.yaml")


def test_a_law_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(DecisionError, match="ends before it begins"):
        replace(laws()[0], effective_to=dt.date(2000, 1, 1))


def test_other_lenders_are_read_and_decide_nothing() -> None:
    others = document(Benchmarks, paths.BENCHMARKS).benchmarks
    assert {other.id for other in others} == {"jiebei", "jintiao", "huabei", "wechat"}
    assert not {other.id for other in others} & {
        product.id.partition("@")[0] for product in every_product()
    }


def test_every_product_that_the_sources_name_is_there() -> None:
    sources = {
        "weilidai": ("S1", "S2", "S3", "S4", "S5"),
        "fenfu": ("S2", "S3", "S4"),
        "xiaoe": ("S3", "S4"),
        "we2000": ("S4",),
        "shanyin": ("S1",),
        "third_party": ("S2",),
        "house": ("v1",),
    }
    named = {f"{product}@{source}" for product, all_ in sources.items() for source in all_}
    ids = {product.id for product in every_product()}
    # A lender's own product names no source in its id.
    assert {id_ for id_ in ids if re.search(r"@S[1-5]$", id_)} | {"house@v1"} == named
    assert "house@v1" in ids


def test_every_source_row_is_a_rule_of_the_sources() -> None:
    rows = [row for p in every_product() for row in p.source_rows]
    assert [row for row in rows if not re.fullmatch(r"S[1-5]-R\d\d|C\d\d", row)] == []


@pytest.mark.parametrize(
    ("name", "worse"),
    [
        ("limit", SourcedValue(300_000, "CNY", "t")),
        ("daily_rate", SourcedValue(0.001, "percent_per_day", "t")),
    ],
)
def test_a_worse_tier_with_better_terms_is_refused(name: str, worse: SourcedValue) -> None:
    tiers = tuple(replace(t, **{name: worse}) if t.tier == "G4" else t for t in house().tiers)
    with pytest.raises(DecisionError, match="never improve"):
        replace(house(), tiers=tiers)


def test_a_tier_that_is_lent_to_needs_terms() -> None:
    with pytest.raises(DecisionError, match="G3"):
        replace(
            house(),
            tiers=tuple(
                replace(t, daily_rate=None) if t.tier == "G3" else t for t in house().tiers
            ),
        )


def test_two_law_profiles_may_not_hold_on_one_day() -> None:
    with pytest.raises(DecisionError, match="cn_2025q4 and late"):
        in_order((*laws(), replace(laws("off")[0], id="late", effective_from=dt.date(2026, 1, 1))))


def test_the_law_of_a_day() -> None:
    """The day of China, eight hours ahead of UTC."""
    moments = [
        "2022-12-31T15:59:59",
        "2022-12-31T16:00",
        "2025-09-30T15:59:59",
        "2025-09-30T16:00",
        "2027-12-30T16:00",
        "2099-01-01",
    ]
    assert index_of(laws(), np.array(moments, "datetime64[us]")).tolist() == [-1, 0, 0, 1, 2, 2]


def test_the_house_prices_each_lent_tier_lawfully_and_above_its_minimum() -> None:
    tiers = Tiers.from_edges(EDGES)
    found = offers(Policy.from_json(json.dumps(rules())), house(), tiers)
    lent = ~np.isnan(found.daily_rate)
    assert lent.tolist() == [True] * 7 + [False] * 4
    assert not found.is_over_cap.any() and not any(found.refused)
    assert np.all(np.diff(found.daily_rate[lent]) >= 0)
    assert found.penalty_rate[lent] == pytest.approx(1.5 * found.daily_rate[lent])


@pytest.mark.parametrize("edges", [(0.5, 0.2), (0.2, 0.2), (0.0, 0.5), (0.5, 1.0)])
def test_tiers_that_do_not_rise_are_refused(edges: tuple[float, ...]) -> None:
    with pytest.raises(DecisionError, match="cover PD 0 to 1"):
        Tiers.from_edges(edges)


def test_a_pd_on_an_edge_belongs_to_the_worse_tier() -> None:
    tiers = Tiers.from_edges(EDGES)
    below = np.nextafter(np.array(EDGES), 0)
    assert tiers.index(np.array(EDGES)).tolist() == list(range(1, 10))
    assert tiers.index(below).tolist() == list(range(9))
    assert tiers.index(np.array([0.0, 1.0])).tolist() == [0, 9]
