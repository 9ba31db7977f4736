"""Named situations, written one by one as a policy officer would: `situations/*.yaml`, margin 0."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from creditloom.decision.rulebook.policy import Validation
from creditloom.decision.rulebook.product import Product
from creditloom.decision.rules.filters import FILTERS
from creditloom.pipeline.products.product_folder import every_product
from tests.policy.officer import decided

FILES = sorted((Path(__file__).parent / "situations").glob("*.yaml"))
KEYS = {
    "name",
    "product",
    "grade",
    "law",
    "given",
    "absent",
    "families",
    "unconsented",
    "model_horizon",
    "validated_until",
    "own_bans",
    "expect",
}


def situations() -> list[Any]:
    """Every situation with the defaults of its file filled in."""
    found = []
    for file in FILES:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        for one in content["situations"]:
            whole = {
                **content["defaults"],
                **one,
                "given": {**content["defaults"]["given"], **one.get("given", {})},
            }
            found.append(pytest.param(whole, id=f"{file.stem}: {one['name']}"))
    return found


ALL = situations()


@cache
def products() -> dict[str, Product]:
    """The committed products by id."""
    return {p.id: p for p in every_product()}


def rulebook(situation: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    """What the situation changes in the rule book: horizon of the model, its validation."""
    changes: list[tuple[str, Any]] = []
    if "model_horizon" in situation:
        changes.append(("horizon_days", float(situation["model_horizon"])))
    if "validated_until" in situation:
        until = situation["validated_until"]
        changes.append(
            ("validation", until and Validation(True, "a test", dt.date.fromisoformat(until)))
        )
    return tuple(changes)


def product_of(situation: dict[str, Any]) -> Product:
    """The product of the situation; `own_bans` are the purposes that it bans itself."""
    product = products()[situation["product"]]
    if "own_bans" not in situation:
        return product
    return replace(product, banned_purposes=tuple(situation["own_bans"]))


@pytest.mark.parametrize("situation", ALL)
def test_a_named_situation(situation: dict[str, Any]) -> None:
    assert set(situation) <= KEYS, set(situation) - KEYS
    tuples = {
        name: tuple(situation[name]) for name in ("law", "absent", "families") if name in situation
    }
    found = decided(
        situation["grade"],
        product=product_of(situation),
        unconsented=situation.get("unconsented", False),
        rulebook=rulebook(situation),
        **tuples,
        **situation["given"],
    )
    got = {key: getattr(found, key) for key in situation["expect"] if key != "reasons"}
    expected = {
        key: tuple(v) if isinstance(v, list) else v
        for key, v in situation["expect"].items()
        if key != "reasons"
    }
    assert got == expected
    assert set(situation["expect"].get("reasons", ())) <= set(found.reasons)
    lends = {
        tier.tier for tier in products()[situation["product"]].tiers if tier.decision == "approve"
    }
    if found.decision != "approve" and found.tier in lends:
        assert found.reasons, "what the score alone would approve has a reason of its own"


def test_there_are_enough_of_them_and_each_has_its_own_name() -> None:
    names = [p.id for p in ALL]
    assert len(set(names)) == len(names) >= 120


def test_every_product_and_every_filter_has_situations() -> None:
    """Twelve filters and the alert (S5-R39, C19)."""
    assert [f.code for f in FILTERS] == [*(f"FR{k:02d}" for k in range(1, 13)), "ALERT"]
    values = [p.values[0] for p in ALL]
    assert {v["product"] for v in values} == set(products())
    fired = {code for v in values for code in v["expect"].get("actions", ())}
    assert fired == {f.code for f in FILTERS}


def test_every_admission_criterion_of_every_product_is_met_and_missed() -> None:
    """Missed by name in some situation of the product, unless a sibling of the same id is."""
    codes = {
        c.code
        for p in products().values()
        for c in p.admission
        if c.soft_points is None and c.id != "bureau_consent"
    }
    missed = {code for p in ALL for code in p.values[0]["expect"].get("codes", ())}
    assert codes <= missed
