"""The claims about the world stand before the code that meets them, and are not edited in silence.

Every committed version of world/claims.yaml is compared with the one before it.
"""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checkout import needs_checkout

ROOT = Path(__file__).resolve().parents[2]
FILE = "world/claims.yaml"
MOST_WITHDRAWN = 3

Document = dict[str, Any]


def edits(before: Document, after: Document) -> list[str]:
    """The claims that differ between two versions and are not named, with a reason, in the second.

    A claim added, taken out or changed is an edit; one that a new version names is none.
    """
    old = {claim["id"]: claim for claim in before["claims"]}
    new = {claim["id"]: claim for claim in after["claims"]}
    changed = sorted(name for name in old | new if old.get(name) != new.get(name))
    earlier = before["changes"]
    fresh = after["changes"][len(earlier) :]
    if after["changes"][: len(earlier)] != earlier:
        return ["changes: an earlier entry was edited"]
    is_newer = after["version"] == before["version"] + (1 if fresh or changed else 0)
    named = {name for entry in fresh for name in entry["claims"] if entry["reason"].strip()}
    silent = [name for name in changed if name not in named]
    return silent + ([] if is_newer else ["version: not raised by one"])


def git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


def versions() -> list[Document]:
    """Every committed text of the file, oldest first, and the one in the working folder."""
    if git("rev-parse", "--is-shallow-repository").strip() == "true":
        pytest.skip("a shallow clone holds no history to compare with: git fetch --unshallow")
    commits = git("log", "--reverse", "--first-parent", "--format=%H", "--", FILE).split()
    texts = [git("show", f"{commit}:{FILE}") for commit in commits]
    return [yaml.safe_load(text) for text in (*texts, (ROOT / FILE).read_text(encoding="utf-8"))]


@needs_checkout
def test_no_claim_was_edited_in_silence() -> None:
    texts = versions()
    found = [edits(before, after) for before, after in pairwise(texts)]
    assert [edit for edit in found if edit] == []


def test_a_moved_tolerance_is_an_edit() -> None:
    claim = {"id": "a", "target": 0.3, "tolerance": 0.05}
    wider = {**claim, "tolerance": 0.15}
    before = {"version": 1, "changes": [], "claims": [claim]}
    reason = {"version": 2, "claims": ["a"], "reason": "the source says so"}
    assert edits(before, {**before, "claims": [wider]}) != []
    assert edits(before, {"version": 2, "changes": [], "claims": [wider]}) == ["a"]
    assert edits(before, {"version": 2, "changes": [reason], "claims": [wider]}) == []
    assert edits(before, before) == []


@needs_checkout
def test_every_claim_has_a_number_and_a_source() -> None:
    claims = yaml.safe_load((ROOT / FILE).read_text(encoding="utf-8"))["claims"]
    numbers = ({"target", "tolerance"}, {"at_least"}, {"at_most"})
    known = {"target", "tolerance", "at_least", "at_most"}
    assert len({claim["id"] for claim in claims}) == len(claims)
    assert [claim["id"] for claim in claims if set(claim) & known not in numbers] == []
    assert [claim["id"] for claim in claims if not claim["source"].strip()] == []


@needs_checkout
def test_few_claims_are_withdrawn_each_with_a_reason() -> None:
    claims = yaml.safe_load((ROOT / FILE).read_text(encoding="utf-8"))["claims"]
    withdrawn = [claim for claim in claims if claim["group"] == "withdrawn"]
    assert len(withdrawn) <= MOST_WITHDRAWN
    assert all(claim["withdrawn"].strip() for claim in withdrawn)
