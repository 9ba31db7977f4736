"""Sign versions and changes of aliases, and check the signatures (`serving/ledger/signing.py`).

A signature is kept as JSON text beside what it stands for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from creditloom.serving.ledger.signing import SIGNATURE, PrivateKey, PublicKey, Purpose
from creditloom.serving.registry.alias_history import Change
from creditloom.serving.registry.lookup import Version


def signature_of(version: Version, key: PrivateKey) -> str:
    """Return the signature of a version's name, number and hashes."""
    return _text(key.signed(version.statement, "bundle"))


def signed_change(change: Change, key: PrivateKey | None) -> Change:
    """Return the change with its signature; as it is where nobody signs."""
    if key is None:
        return change
    return replace(change, signature=_text(key.signed(asdict(change), "alias")))


def version_fault(version: Version, key: PublicKey) -> str | None:
    """Return what is wrong with the signature of a version; None where it holds."""
    return _fault(version.statement, version.signature, key, "bundle")


def change_fault(change: Change, key: PublicKey) -> str | None:
    """Return what is wrong with the signature of a change; None where it holds."""
    return _fault(asdict(change), change.signature, key, "alias")


def _text(signed: Mapping[str, Any]) -> str:
    return json.dumps(signed[SIGNATURE], sort_keys=True)


def _fault(document: Mapping[str, Any], text: str, key: PublicKey, purpose: Purpose) -> str | None:
    try:
        signature = json.loads(text) if text else None
    except json.JSONDecodeError:
        return "its signature cannot be read"
    return key.fault({**document, SIGNATURE: signature}, purpose)
