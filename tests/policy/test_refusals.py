"""Refusals that are not about one application.

Of a frame (R7), of a silent decision (R9), of an offer's parts (R2, R3, R10, L1).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.decide import Decider
from creditloom.decision.reasons.reasons import NONE, Reasons, check_reasons
from creditloom.decision.rulebook.condition import SourcedValue
from creditloom.decision.rulebook.product import Charge, Licence
from creditloom.decision.rules.verdict import Verdicts
from creditloom.decision.score import drift
from creditloom.decision.score.drift import Drift
from tests.decision import small
from tests.policy.officer import decided


@pytest.fixture(scope="module")
def decider(tmp_path_factory: pytest.TempPathFactory) -> Decider:
    return Decider.load(small.write_bundle(tmp_path_factory.mktemp("bundle")), 1)


@pytest.mark.parametrize(
    "name",
    [
        "religion",
        "gene",
        "fingerprint_hash",
        "blood_type",
        "illness",
        "chat_text",
        "face_embedding_3",
    ],
)
def test_r7_a_frame_with_a_banned_column_is_not_read(decider: Decider, name: str) -> None:
    """S1-R10: no image; S2-R24, S5-R23: no text of chats; S2-R09."""
    with pytest.raises(DecisionError, match=f"R7.*\n.*{name}"):
        decider.decide(small.frame(5).assign(**{name: 1.0}))


def test_r6_places_without_location_consent_are_refused_and_devices_are_not(tmp_path: Path) -> None:
    """Consent for location is checked per column.

    The concept of places needs it, the family's other concepts do not.
    """
    folder = small.write_bundle(tmp_path / "b")
    text = (
        (folder / "catalogue.json")
        .read_text()
        .replace('"device_constancy"', '"location_constancy"')
    )
    (folder / "catalogue.json").write_text(text)
    reference = (
        (folder / "reference.json")
        .read_text()
        .replace('"device_constancy"', '"location_constancy"')
    )
    (folder / "reference.json").write_text(reference)
    small.write_manifest(folder)
    rows = small.frame(40).assign(consent_location=False, f4=1.0)
    refused = Decider.load(folder, 1).decide(rows)["refusal_codes"]
    assert refused.map(lambda codes: "R6" in codes).all()
    none_sent = rows.assign(f4=np.nan, f9=np.nan, consent_bureau=True)
    assert (
        not Decider.load(folder, 1)
        .decide(none_sent)["refusal_codes"]
        .map(lambda codes: "R6" in codes)
        .any()
    )


def test_r12_a_batch_of_another_population_is_a_breach(decider: Decider) -> None:
    rng = np.random.default_rng(5)
    alike = small.matrix(rng, 4000)
    shifted = small.matrix(rng, 4000) + 1.5
    found = drift.check(decider.bundle, alike)
    assert (found.worst, found.is_breach) == ("score_raw", False) and found.psi_worst < 0.05
    assert drift.check(decider.bundle, shifted).is_breach
    assert drift.check(decider.bundle, alike[:0]).psi_worst == 0.0


def test_r12_breaches_strictly_above_the_stop_level() -> None:
    assert not Drift({"score_raw": 0.25}, 0.25).is_breach
    assert Drift({"score_raw": float(np.nextafter(0.25, 1))}, 0.25).is_breach


def test_r9_an_adverse_decision_without_a_reason_is_not_given() -> None:
    verdicts = Verdicts(np.array([0, 2]), np.array([0, 2]), (), (), (), None)
    with pytest.raises(DecisionError, match=r"R9.*\n.*row 1"):
        check_reasons(NONE, verdicts)
    told = Reasons(np.array([1]), pa.array(["x"]), np.array([-1.0]), pa.array(["y"]))
    check_reasons(told, verdicts)


@pytest.mark.parametrize(("line", "codes"), [(200_000, ()), (200_001, ("R2",))])
def test_r2_a_line_above_the_legal_one(line: float, codes: tuple[str, ...]) -> None:
    """S2-R45: order No. 9 of 2020."""
    limit = replace(small.house().limit, maximum=SourcedValue(line, "CNY", "test"))
    assert decided(product=replace(small.house(), limit=limit)).codes == codes


@pytest.mark.parametrize(
    ("tenor", "unit", "codes"),
    [(12, "months", ()), (360, "days", ()), (361, "days", ("R3",)), (13, "months", ("R3",))],
)
def test_r3_a_single_payment_after_more_than_twelve_months(
    tenor: float, unit: str, codes: tuple[str, ...]
) -> None:
    repayment = replace(
        small.house().repayment, method="bullet", tenor=SourcedValue(tenor, unit, "test")
    )
    assert decided(product=replace(small.house(), repayment=repayment)).codes == codes


@pytest.mark.parametrize(("receiver", "codes"), [("lender", ()), ("", ("R10",))])
def test_r10_a_charge_whose_receiver_is_not_told(receiver: str, codes: tuple[str, ...]) -> None:
    charge = Charge("guarantee fee", "upfront", SourcedValue(0.005, "share", "test"), receiver)
    assert decided(product=replace(small.house(), charges=(charge,))).codes == codes


def test_r10_every_offer_shows_rate_method_and_overdue_cost(decider: Decider) -> None:
    """S4-R40, S1-R66."""
    found = decider.decide(small.frame(300))
    lent = found["decision"].isin(["approve", "refer"])
    assert found.loc[lent, ["apr_simple365", "method", "overdue", "charges"]].notna().all(axis=None)
    assert found.loc[~lent, ["apr_simple365", "method", "overdue", "charges"]].isna().all(axis=None)


@pytest.mark.parametrize(("number", "codes"), [("A-17", ()), (None, ("L1",))])
def test_l1_a_guarantor_without_a_published_licence(
    number: str | None, codes: tuple[str, ...]
) -> None:
    """S2-R11, S4-R37."""
    product = replace(small.house(), licences=(Licence("guarantee", number, "S2-R49"),))
    assert decided(product=product).codes == codes


@pytest.mark.parametrize(
    ("choice", "said"),
    [({"product": "fenfu@S9"}, "no such product"), ({"law": "cn_1999"}, "no such law")],
)
def test_what_the_bundle_does_not_hold_cannot_be_chosen(
    decider: Decider, choice: dict[str, str], said: str
) -> None:
    with pytest.raises(DecisionError, match=said):
        decider.decide(small.frame(5), **choice)  # type: ignore[arg-type]


def test_another_law_decides_under_another_id(decider: Decider) -> None:
    rows = small.frame(50).assign(as_of=pd.Timestamp("2024-05-01"))
    by_day = decider.decide(rows)
    chosen = decider.decide(rows, law="cn_2023")
    columns = [c for c in by_day.columns if c != "decision_id"]
    pd.testing.assert_frame_equal(by_day[columns], chosen[columns])
    assert (by_day["decision_id"] != chosen["decision_id"]).all()
