"""The catalogue says what the matrix holds, and the matrix holds nothing it must not."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from creditloom.decision.frames.columns import COUNTS
from creditloom.decision.rulebook.condition import OPTIONAL
from creditloom.features.aggregates.aggregates import AGGREGATES, RECORDS
from creditloom.features.aggregates.event_columns import DERIVED_COLUMNS, FORMS
from creditloom.features.clock import WINDOWS
from creditloom.features.contract.tables import APPLICATIONS, EVENT_TABLES
from creditloom.features.contract.tables import FAMILIES as FAMILY_NAMES
from creditloom.features.declare import declarations
from creditloom.features.declare.ratios import MARKS, RATIOS
from creditloom.features.declare.registry import FAMILIES, catalogue, expand, plan
from creditloom.features.engine.engine import build
from creditloom.features.engine.point_in_time import columns_read
from creditloom.features.policy_inputs.policy_inputs import FACTS, NAMES
from tests.features.raw import PARAMS, Raw, write_raw

ALL = [t.name for t in EVENT_TABLES]
PROTECTED = {"age_years", "occupation", "region_tier", "is_student", "sex", "purpose"}
PREFIX = {f.name: f.prefix for f in FAMILIES}


@pytest.fixture(scope="module")
def words() -> dict:
    return catalogue(ALL)


def test_two_thousand_features_of_six_families(words: dict) -> None:
    """S5-R21."""
    names = [f["name"] for f in words["features"]]
    assert len(names) == len(set(names)) >= 2_000
    assert {f["family"] for f in words["features"]} == set(FAMILY_NAMES)


def test_the_catalogue_lists_the_columns_of_the_matrix_in_order(
    raw: Raw, words: dict, tmp_path: Path
) -> None:
    columns = next(build(write_raw(raw, tmp_path), PARAMS)).schema
    policy = dict.fromkeys(
        [*APPLICATIONS.arrow_schema.names, *NAMES]
    )  # what the applications state comes first
    assert columns.names == [*policy] + [f["name"] for f in words["features"]]
    assert {str(columns.field(f["name"]).type) for f in words["features"]} == {"double"}


def test_tables_that_are_absent_leave_their_features_out(raw: Raw, tmp_path: Path) -> None:
    some = {n: raw[n] for n in ("applications", "payments", "logins")}
    columns = next(build(write_raw(some, tmp_path), PARAMS)).column_names
    expected = [f["name"] for f in catalogue(["payments", "logins"])["features"]]
    assert [c for c in columns if c not in (*APPLICATIONS.arrow_schema.names, *NAMES)] == expected
    assert {f["family"] for f in catalogue(["payments", "logins"])["features"]} == {
        "payment_flow",
        "device_stability",
    }


def test_every_feature_is_told(words: dict) -> None:
    for feature in words["features"]:
        assert feature["name"].startswith(f"{PREFIX[feature['family']]}_"), feature["name"]
        assert feature["window"] in WINDOWS and feature["name"].endswith(f"_{feature['window']}")
        assert feature["direction"] in (-1, 0, 1)
        assert all(
            feature[key]
            for key in ("unit", "null_meaning", "text_en", "text_zh", "source", "aggregate")
        )
        assert not re.search(r"[{}]", feature["text_en"] + feature["text_zh"])
        assert (feature["unit"] == "share") == bool(re.search(r"_share(_|$)", feature["name"])), (
            feature["name"]
        )


def test_texts_tell_features_apart(words: dict) -> None:
    for language in ("text_en", "text_zh"):
        twice = [t for t, n in Counter(f[language] for f in words["features"]).items() if n > 1]
        assert not twice


def test_every_concept_belongs_to_its_family_and_has_features(words: dict) -> None:
    known = {c.id: f.name for f in FAMILIES for c in f.concepts}
    assert {c["id"]: c["family"] for c in words["concepts"]} == known
    assert all(known[f["concept"]] == f["family"] for f in words["features"])


def test_no_hint_advises_to_add_friends(words: dict) -> None:
    """S1-R47 is not given as advice."""
    social = [c for c in words["concepts"] if c["family"] == "social_graph"]
    assert social and not any(c["hint_en"] or c["hint_zh"] for c in social)


def test_no_feature_reads_a_protected_attribute(words: dict) -> None:
    read = {c.name for f in FAMILIES for stream, _ in f.streams for c in columns_read(stream)}
    assert not read & PROTECTED
    assert all(stream.table.name != "applications" for f in FAMILIES for stream, _ in f.streams)
    assert not any(
        word in f["name"]
        for f in words["features"]
        for word in ("age_years", "student", "occupation", "gender")
    )


def test_declarations_name_only_what_exists() -> None:
    assert len(AGGREGATES) == len(RECORDS)
    for family in FAMILIES:
        for stream, blocks in family.streams:
            stored = set(stream.table.arrow_schema.names) | set(DERIVED_COLUMNS)
            assert {c.column for s in stream.slices for c in s.where} <= stored
            assert {m.form for m in stream.measures} <= {*FORMS, "id"}
            for block in blocks:
                assert {*block.slices, block.over or block.slices[0]} <= {
                    s.name for s in stream.slices
                }, block
                assert block.concept in {c.id for c in family.concepts}, block
                assert "ever" not in block.windows or stream.has_memory, block


def test_what_is_made_of_features_names_features() -> None:
    names = {spec.name for spec in plan(ALL).specs}
    assert {n for r in RATIOS for n in (r.top, r.bottom)} | {m.of for m in MARKS} | {
        fact.of for fact in FACTS
    } <= names
    assert not names & set(NAMES)
    assert set(NAMES) <= {*OPTIONAL, *COUNTS}
    assert all(m.spec.unit == "flag" and "_is_" in m.spec.name for m in MARKS)


def test_the_grid_grows_by_declaration_alone() -> None:
    """One more slice in one block is one more feature per window."""
    stream, _ = FAMILIES[0].streams[0]
    blocks = [
        declarations.AggregateBlock("x", "count", slices, ("1m", "3m"))
        for slices in (("out",), ("out", "in"))
    ]
    assert [len(list(expand(FAMILIES[0], stream, block))) for block in blocks] == [
        2,
        4,
    ]


def test_the_catalogue_is_json(words: dict) -> None:
    assert json.loads(json.dumps(words, allow_nan=False)) == words
    assert len(plan(ALL).specs) == len(words["features"])
    assert isinstance(next(iter(plan(ALL).streams))[0].table.arrow_schema, pa.Schema)
