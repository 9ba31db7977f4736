"""Consent, and data that may not be processed at all, at every door (R6, R7)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.bundle import write_manifest
from creditloom.decision.decide import Decider
from creditloom.decision.frames.columns import CONSENTED_INPUTS, POLICY_INPUTS, is_banned
from creditloom.decision.loader import DecisionModel
from creditloom.decision.rulebook.condition import FLAG_FACTS, OPTIONAL
from tests.decision import small

# Columns of a decision that say what was decided on and by what: the same whatever was sent.
LOUD = 9e7


def _sent(frame: pd.DataFrame, consent: str, *, with_values: bool) -> pd.DataFrame:
    """The applications with `consent` refused, and the inputs behind it sent or left null."""
    refused = frame.assign(**{consent: False})
    for column in ("f1", "f2", "f3", "f6", "f7", "f8"):
        refused[column] = np.nan
    for name, needed in CONSENTED_INPUTS.items():
        if needed == consent:
            loud = 1.0 if name in FLAG_FACTS else LOUD if name.endswith("_fen") else 12.0
            refused[name] = loud if with_values else np.nan
    return refused


@pytest.mark.parametrize("consent", sorted(set(CONSENTED_INPUTS.values())))
def test_what_a_person_refused_changes_no_decision_limit_or_reason(
    decider: Decider, consent: str
) -> None:
    frame = small.frame(300)
    withheld = _sent(frame, consent, with_values=False)
    sent = _sent(frame, consent, with_values=True)
    for product in ("house@v1",):
        expected = decider.decide(withheld, explain="all", product=product)
        pd.testing.assert_frame_equal(
            decider.decide(sent, explain="all", product=product), expected
        )
        table = decider.decide_table(pa.Table.from_pandas(sent), explain="all", product=product)
        again = decider.decide_table(pa.Table.from_pandas(withheld), explain="all", product=product)
        assert table.equals(again)
    answers = DecisionModel(decider).predict(sent)
    pd.testing.assert_frame_equal(answers, DecisionModel(decider).predict(withheld))
    assert answers["refused_rule"].isna().all()


@pytest.mark.parametrize("consent", ["consent_bureau", "consent_assets", "consent_location"])
def test_the_same_inputs_count_where_the_consent_is_given(decider: Decider, consent: str) -> None:
    """So the test above could fail: what is sent with consent does change decisions."""
    frame = small.frame(300)
    answers = [
        decider.decide(_sent(frame, consent, with_values=sent).assign(**{consent: True}))
        for sent in (True, False)
    ]
    assert not answers[0].equals(answers[1])


def test_a_consent_that_is_null_or_absent_was_not_given(decider: Decider) -> None:
    frame = small.frame(60).assign(zhima_score=10.0)
    unsaid = decider.decide(frame)
    pd.testing.assert_frame_equal(decider.decide(frame.assign(consent_zhima=np.nan)), unsaid)
    pd.testing.assert_frame_equal(decider.decide(frame.assign(zhima_score=np.nan)), unsaid)


def test_every_input_with_a_consent_is_an_input_and_its_consent_another() -> None:
    inputs = {*POLICY_INPUTS, *OPTIONAL}
    assert set(CONSENTED_INPUTS) <= inputs and set(CONSENTED_INPUTS.values()) <= inputs


def test_a_rule_book_of_before_decides_as_it_did(folder: Path, tmp_path: Path) -> None:
    """Without `consents` (formats 1 and 2) it uses what it is sent: its batches replay."""
    old = tmp_path / "old"
    old.mkdir()
    for file in folder.iterdir():
        (old / file.name).write_bytes(file.read_bytes())
    book = json.loads((old / "policy.json").read_text())
    del book["consents"]
    (old / "policy.json").write_text(json.dumps({**book, "version": 2}))
    write_manifest(old)
    before = Decider.load(old, 1)
    frame = small.frame(300)
    sent = _sent(frame, "consent_assets", with_values=True)
    withheld = _sent(frame, "consent_assets", with_values=False)
    assert not before.decide(sent).equals(before.decide(withheld))


# table: a column, and the banned name that it holds; "" where it holds none
@pytest.mark.parametrize(
    ("column", "banned"),
    [
        ("Religion", "religion"),
        ("applicant_religion", "religion"),
        ("RELIGION_CODE", "religion"),
        ("applicantReligion", "religion"),
        ("religions", "religion"),
        ("ethnicity_code", "ethnicity"),
        ("Blood-Type", "blood_type"),
        ("father.gene.marker", "gene"),
        ("fingerprint_hash", "fingerprint"),
        ("has_illness", "illness"),
        ("device_fingerprint_share", ""),
        ("general_score", ""),
        ("generation", ""),
        ("is_genesis_block", ""),
        ("chat_texture", ""),
        ("type_of_blood_bank", ""),
        ("battery_health", ""),
    ],
)
def test_banned_names_are_found_by_their_words(column: str, banned: str) -> None:
    names = ("religion", "gene", "fingerprint", "blood_type", "illness", "chat_text", "ethnicity")
    found = [name for name in (*names, "health") if is_banned(column, name)]
    assert found == ([banned] if banned else [])


def test_a_banned_column_is_refused_whatever_its_case_and_place(decider: Decider) -> None:
    frame = small.frame(5)
    for column in ("Religion", "applicant_religion", "BloodType"):
        with pytest.raises(DecisionError, match=f"column {column}"):
            decider.decide(frame.assign(**{column: 1}))
        with pytest.raises(DecisionError, match=f"column {column}"):
            decider.decide_table(pa.Table.from_pandas(frame.assign(**{column: 1})))
        with pytest.raises(DecisionError, match=f"column {column}"):
            DecisionModel(decider).predict(frame.assign(**{column: 1}))
        with pytest.raises(DecisionError, match=f"column {column}"):
            DecisionModel(decider).answers(frame.assign(**{column: 1}).to_dict("records")[:1])
    # A fact that the rule book itself asks for: the print of the device, not of the person.
    decider.decide(frame.assign(is_fingerprint_match=1.0))
