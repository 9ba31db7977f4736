"""What the door refuses, and how it says so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.decision.base.errors import DecisionError
from creditloom.decision.decide import Decider
from creditloom.decision.frames.input_frame import read

Change = Callable[[pd.DataFrame], pd.DataFrame]


# table: a case a row
@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("a feature is missing", lambda f: f.drop(columns="f3"), ["column f3", "missing"]),
        (
            "a column is renamed",
            lambda f: f.rename(columns={"exposure_fen": "exposures_fen"}),
            ["exposure_fen", "nearest is exposures_fen"],
        ),
        ("the id is missing", lambda f: f.drop(columns="application_id"), ["application_id"]),
        (
            "a column is doubled",
            lambda f: pd.concat([f, f[["f1"]]], axis=1),
            ["column f1", "twice"],
        ),
        ("text in a feature", lambda f: f.assign(f2="3.0"), ["column f2", "numbers", "str"]),
        (
            "text among numbers",
            lambda f: f.assign(f2=pd.Series([1.0, "x"] * (len(f) // 2), dtype=object)),
            ["column f2, row 1", "'x' is no number", "not_a_number"],
        ),
        (
            "a moment in words",
            lambda f: f.assign(as_of="last Monday"),
            ["column as_of, row 0", "ISO 8601", "as_of_unreadable"],
        ),
        ("a moment as number", lambda f: f.assign(as_of=1.0), ["column as_of", "float64"]),
        ("no moment", lambda f: f.assign(as_of=pd.NaT), ["column as_of, row 0"]),
        (
            "infinity in a feature",
            lambda f: f.assign(f4=[np.inf if k == 7 else 0.0 for k in range(len(f))]),
            ["column f4, row 7", "finite", "inf"],
        ),
        (
            "a negative amount",
            lambda f: f.assign(exposure_fen=[-1.0 if k == 2 else 0.0 for k in range(len(f))]),
            ["exposure_fen, row 2", "-1 is below 0"],
        ),
        (
            "a flag that is neither",
            lambda f: f.assign(is_student=2.0),
            ["is_student", "true, false or null"],
        ),
        ("a purpose that is a number", lambda f: f.assign(purpose=1), ["column purpose", "text"]),
        (
            "an id that is null",
            lambda f: f.assign(application_id=None),
            ["application_id, row 0", "null"],
        ),
        (
            "an id that is a fraction",
            lambda f: f.assign(application_id=f["application_id"] + 0.5),
            ["application_id", "whole number"],
        ),
        (
            "data that may not be processed",
            lambda f: f.assign(religion_code=1),
            ["religion_code", "R7"],
        ),
    ],
)
def test_a_bad_frame_is_refused_with_its_place(
    decider: Decider, applications: pd.DataFrame, name: str, change: Change, said: list[str]
) -> None:
    with pytest.raises(DecisionError) as refused:
        decider.decide(change(applications))
    message = str(refused.value)
    assert all(word in message for word in said), (name, message)
    assert all(f"  {part}: " in message for part in ("where", "expected", "got", "next"))


def test_other_columns_are_not_looked_at(
    decider: Decider, applications: pd.DataFrame, decisions: pd.DataFrame
) -> None:
    wider = applications.assign(
        occupation="baker", region_tier=np.inf, device_fingerprint_share="x"
    )
    pd.testing.assert_frame_equal(decider.decide(wider, explain="all"), decisions)


def test_zoned_moments_are_read_in_utc(
    decider: Decider, applications: pd.DataFrame, decisions: pd.DataFrame
) -> None:
    zoned = applications.assign(
        as_of=applications["as_of"].dt.tz_localize("UTC").dt.tz_convert("Asia/Shanghai")
    )
    pd.testing.assert_frame_equal(decider.decide(zoned, explain="all"), decisions)


def test_categories_become_codes_and_special_codes_null() -> None:
    features = (
        Feature("home", "own", "home", categories=("rent", "own")),
        Feature("months", "own", "months", special_codes=(-9.0, -8.0)),
    )
    catalogue = Catalogue(
        (Concept("home", "own", "", ""), Concept("months", "own", "", "")), features
    )
    frame = pd.DataFrame(
        {"application_id": ["a", "b", "c"], "home": ["own", "castle", None], "months": [-9, 4, -8]}
    )
    np.testing.assert_array_equal(
        read(frame, catalogue, ()).x, [[1.0, np.nan], [np.nan, 4.0], [np.nan, np.nan]]
    )


def test_a_family_sent_without_consent_is_refused_as_data(
    decider: Decider, applications: pd.DataFrame
) -> None:
    sent = applications.assign(consent_social=False, consent_bureau=True, f1=1.0, f6=np.nan)
    withheld = sent.assign(f1=np.nan)
    unrecorded = sent.assign(consent_social=np.nan)
    assert decider.decide(unrecorded)["refusal_codes"].map(lambda codes: "R6" in codes).all(), (
        "not recorded is not given"
    )
    assert decider.decide(sent)["refusal_codes"].map(lambda codes: "R6" in codes).all()
    assert not decider.decide(withheld)["refusal_codes"].map(lambda codes: "R6" in codes).all()
