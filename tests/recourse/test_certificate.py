"""The certificate: a sign, and a raw change, that does not reach the offer is seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from creditloom.decision.base.catalogue import Catalogue, Feature
from creditloom.decision.decide import Decider
from creditloom.features.contract.raw_changes import RawChanges
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.pipeline.proof.evidence.promises.certificate import (
    ChangedPeople,
    is_null_beyond,
    signed_features,
)
from creditloom.pipeline.proof.evidence.promises.decided import DecidedFolder

USED = "bur_statement_utilisation_mean_share_3m"


def with_sign(folder: DecidedFolder, name: str, sign: int) -> DecidedFolder:
    """Return the folder with a bundle that says so of one feature, whatever its model does."""
    bundle = folder.decider.bundle
    catalogue = bundle.scorer.catalogue
    features = tuple(
        replace(one, direction=sign if one.name == name else 0) for one in catalogue.features
    )
    signed = Catalogue(catalogue.concepts, features, catalogue.version)
    scorer = replace(bundle.scorer, catalogue=signed)
    other = DecidedFolder(folder.bundle, folder.matrix, folder.raw)
    other.__dict__["decider"] = Decider(replace(bundle, scorer=scorer))
    return other


def test_a_sign_that_the_model_breaks_is_seen(folder: DecidedFolder) -> None:
    """The small model finds used card lines risky: that fewer are riskier is false."""
    wrong = with_sign(folder, USED, -1)
    (found,) = signed_features(wrong, 30, 1)
    assert found.worse > 0 and found.people > 20


@pytest.mark.parametrize(
    ("aggregate", "direction", "is_beyond"),
    [("recency", -1, True), ("recency", 1, False), ("recency", 0, False), ("mean", -1, False)],
)
def test_null_lies_beyond_the_safest_value_of_a_time_since_the_latest_bad_event_alone(
    aggregate: str, direction: int, is_beyond: bool
) -> None:
    one = Feature("f", "bureau", "late", aggregate=aggregate, direction=direction)
    assert is_null_beyond(one) is is_beyond


def test_a_raw_change_against_its_promise_is_seen_with_the_feature_that_did_it(
    folder: DecidedFolder,
) -> None:
    """All card lines used: the PD rises. Promised the other way round, that is a break."""
    changes = document(RawChanges, paths.RAW_CHANGES).changes
    used_up = next(one for one in changes if one.id == "cards_used_up")
    people = ChangedPeople(folder, 30)
    kept = people.certificate(used_up)
    against = people.certificate(replace(used_up, direction=-1))
    assert kept.people == against.people > 0
    assert (kept.fallen, kept.better, kept.listed) == (0, 0, ())
    assert against.fallen > 0 and set(against.features) == {USED}
    assert len(against.listed) == against.fallen
