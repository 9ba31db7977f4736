"""Signed versions and aliases: whoever rewrites the registry without the key is found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from creditloom.serving.ledger.signing import new_key
from creditloom.serving.registry.alias_history import effective
from creditloom.serving.registry.lookup import SIGNATURE_TAG
from creditloom.serving.registry.model_registry import CHALLENGER, CHAMPION, ModelRegistry
from creditloom.serving.registry.resolve import resolve
from creditloom.serving.registry.safety.change_log import tag_of
from creditloom.serving.registry.safety.model_check import alias_fault, check_version
from creditloom.serving.registry.safety.signature_check import change_fault, signature_of
from tests.registry.conftest import House
from tests.registry.test_record import NAME, clone, made  # noqa: F401 - fixtures

# One world is made for all of them, which takes tens of seconds.
pytestmark = pytest.mark.slow


@pytest.fixture
def signed(clone: ModelRegistry, tmp_path: Path) -> ModelRegistry:  # noqa: F811
    """A registry whose changes are signed; version 1 is champion."""
    key = new_key(tmp_path / "private.pem", tmp_path / "public.pem")
    registry = replace(clone, key=key)
    registry.promote(1, CHAMPION, "first")
    return registry


def test_a_change_rewritten_without_the_key_is_found(signed: ModelRegistry) -> None:
    """The last one, which no other covers; the chain alone would hold."""
    assert signed.key is not None
    (change,) = signed.history().changes
    assert change_fault(change, signed.key.public) is None
    forged = replace(change, version=2)
    signed.store.tag_model(NAME, tag_of(change), forged.line)
    (found,) = signed.record.log().changes
    assert "does not fit" in (change_fault(found, signed.key.public) or "")


def test_an_alias_that_nobody_signed_is_found(signed: ModelRegistry) -> None:
    assert signed.key is not None
    key = signed.key.public
    changes = effective(signed.record.log().changes)
    assert alias_fault(changes, CHAMPION, 1, key) is None
    assert "nobody signed" in (alias_fault(changes, CHAMPION, 2, key) or "")
    replace(signed, key=None).promote(2, CHALLENGER, "by somebody without the key")
    changes = effective(signed.record.log().changes)
    assert "not signed" in (alias_fault(changes, CHALLENGER, 2, key) or "")


def test_a_version_is_signed_with_its_number_and_all_its_files(
    house: House, tmp_path: Path
) -> None:
    """Without a signature, and with that of another version, it is refused under a key."""
    key = new_key(tmp_path / "private.pem", tmp_path / "public.pem")
    store = house.ledger.store
    assert "not signed" in check_version(house.versions[0], key.public).refused[0]
    signature = signature_of(house.versions[0], key)
    store.tag_version(NAME, 1, SIGNATURE_TAG, signature)
    version = resolve("models:/credit-decision/1", store)
    assert check_version(version, key.public).refused == ()
    assert json.loads(version.signature)["key"] == key.public.name
    other = replace(house.versions[1], signature=signature)
    assert "does not fit" in check_version(other, key.public).refused[0]
