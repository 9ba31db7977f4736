"""One noun for one thing.

Concepts, protected words, the glossary, the documents and the commands that they name.
"""

from __future__ import annotations

import re

import pytest
import yaml

from creditloom.features.contract import tables
from creditloom.features.declare import registry
from creditloom.world.config.config_types import FAMILIES as SIMULATED
from tests.architecture.source import ROOMS, ROOT

WORLD = yaml.safe_load((ROOT / "world/world.yaml").read_text(encoding="utf-8"))
FEATURES = registry.catalogue(tables.TABLES)
# other people's record, transfers with them and their logins on the same device: no state of the
# applicant
FEATURE_ONLY = {"circle_repayment", "peer_transfers", "device_sharing"}
PROTECTED = (
    "gender",
    "sex",
    "ethnic",
    "religion",
    "marital",
    "occupation",
    "region_tier",
    "age_years",
    "is_student",
    "disab",
)
# table: the nouns that the glossary must define
TERMS = (
    "applicant", "application", "as_of", "event_time", "known_time", "vintage", "OOT",
    "rolling origin", "DPD", "bad", "indeterminate", "through the door", "propensity",
    "control band", "PD", "family", "concept", "feature", "direction", "margin", "ridge logit",
    "champion", "bundle", "oracle", "reachable", "truth", "Gini", "KS", "PSI", "WOE", "ECE", "PDO",
    "points", "reference", "principal reason", "tier", "refuse", "refer", "limiting cap",
    "law profile", "IRR", "XIRR", "fen", "consent", "quarantine",
)  # fmt: skip


def test_world_and_features_share_their_concepts() -> None:
    """A reason concept is a concept of the world, of the same family, if the world has the family.

    A family that the world does not simulate has concepts in `features` alone.
    """
    world = {concept["id"]: concept["family"] for concept in WORLD["concepts"]}
    features = {concept["id"]: concept["family"] for concept in FEATURES["concepts"]}
    shared = {
        id_: family
        for id_, family in features.items()
        if id_ not in FEATURE_ONLY and family in SIMULATED
    }
    assert shared == world
    assert set(world.values()) == set(SIMULATED)


def test_families_are_the_six() -> None:
    assert {concept["family"] for concept in FEATURES["concepts"]} == set(tables.FAMILIES)


def test_every_feature_belongs_to_a_concept_of_its_family() -> None:
    family = {concept["id"]: concept["family"] for concept in FEATURES["concepts"]}
    assert [
        f["name"] for f in FEATURES["features"] if family.get(f["concept"]) != f["family"]
    ] == []


def test_no_feature_names_a_protected_attribute() -> None:
    names = [f["name"] for f in FEATURES["features"]] + [c["id"] for c in FEATURES["concepts"]]
    assert [
        name for name in names for word in PROTECTED if re.search(rf"(?:^|_){word}(?:_|$)", name)
    ] == []


@pytest.mark.parametrize("term", TERMS)
def test_the_glossary_has_the_term(term: str) -> None:
    rows = re.findall(
        r"^\| ([^|]+) \|", (ROOT / "GLOSSARY.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert term in {part.strip() for row in rows for part in row.split(",")}


def test_a_term_of_the_glossary_stands_once() -> None:
    """One word, one thing: a term that is explained twice means two things."""
    rows = re.findall(r"^\| ([^|]+) \|", (ROOT / "GLOSSARY.md").read_text(), re.MULTILINE)
    terms = [part.strip() for row in rows if row != "term" for part in row.split(",")]
    assert sorted({term for term in terms if terms.count(term) > 1}) == []


def test_every_target_of_the_documents_exists() -> None:
    made = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    texts = "\n".join(
        (ROOT / name).read_text(encoding="utf-8")
        for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", ".ci/run")
    )
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", texts, re.MULTILINE)) <= made


def test_every_command_of_the_documents_exists() -> None:
    from creditloom.pipeline.cli import COMMANDS

    texts = "\n".join(
        (ROOT / name).read_text(encoding="utf-8")
        for name in ("README.md", "ARCHITECTURE.md", "Makefile")
    )
    assert set(re.findall(r"(?:`|^|/)creditloom ([a-z-]+)", texts, re.MULTILINE)) <= set(COMMANDS)


@pytest.mark.parametrize(
    "name", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "GLOSSARY.md"]
)
def test_every_path_of_the_documents_exists(name: str) -> None:
    """Paths in backticks that name something tracked; outs and placeholders are left out."""
    written = re.findall(
        rf"`((?:{'|'.join((*ROOMS, 'products', 'tests', 'examples', 'docs'))})/[\w./]*)`",
        (ROOT / name).read_text(encoding="utf-8"),
    )
    assert [path for path in written if not (ROOT / path).exists()] == []
