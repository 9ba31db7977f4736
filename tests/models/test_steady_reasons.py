"""First reasons over refits: what agrees is counted as such, and what is kept is not made again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from creditloom.models.sample.arrays import Floats
from creditloom.pipeline.proof.evidence.promises.steady import (
    NO_REASON,
    KeptRefits,
    cited_by,
    steady_reasons,
)
from creditloom.storage.files.errors import DataError

CONCEPTS = ("cash", "bills", "lenders")
# Two features of cash, one of each other concept.
MEMBERS = np.array([[1.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
DECLINED = np.array([[2.0, 1, 1, 0], [0, 0, 4, 1]])
APPROVED = np.zeros((3, 4))


def kept(place: Path, **lock: object) -> KeptRefits:
    return KeptRefits(place, {"bundle": "b1", **lock})


def losses_of(folder: KeptRefits, refits: int, again: object) -> list[Floats]:
    return [*folder.losses(CONCEPTS, MEMBERS, refits, 7, again)]  # type: ignore[arg-type]


def test_reasons_that_every_refit_gives_are_wholly_steady() -> None:
    cited = cited_by(np.array([[3.0, 1, 0], [0, 4, 1]]), np.full(3, 0.5), 4)
    assert cited.tolist() == [[0, 1, NO_REASON], [1, 2, NO_REASON]]
    found = steady_reasons(CONCEPTS, cited[:, 0], [cited] * 3)
    assert (found.same_first, found.same_as_model, found.same_four) == (1.0, 1.0, 1.0)
    assert (found.first_concept, found.first_share) == ("cash", 0.5)


def test_refits_that_contradict_each_other_are_seen() -> None:
    """A model of pure luck cannot reach the bar of .75."""
    rng = np.random.default_rng(3)
    lucky = [cited_by(rng.normal(size=(300, 3)), np.full(3, -9.0), 4) for _ in range(4)]
    found = steady_reasons(CONCEPTS, lucky[0][:, 0], lucky)
    assert found.same_first is not None and 0.25 < found.same_first < 0.42


def test_a_loss_within_its_error_is_no_reason() -> None:
    cited = cited_by(np.array([[0.4, 0.4, 0.0]]), np.array([0.5, 0.3, 0.0]), 4)
    assert cited[0, 0] == 1
    none = steady_reasons(CONCEPTS, np.array([NO_REASON]), [cited, cited])
    assert none.same_as_model == 0.0 and none.first_share == 0.0


def test_what_was_stopped_goes_on_with_the_same_draws(tmp_path: Path) -> None:
    calls = []

    def again(rng: np.random.Generator) -> tuple[Floats, Floats]:
        calls.append(1)
        return DECLINED + rng.normal(size=DECLINED.shape), APPROVED

    folder = kept(tmp_path / "refits")
    folder.open()
    first = losses_of(folder, 2, again)
    longer = losses_of(folder, 3, again)
    assert len(calls) == 3
    assert all(np.array_equal(a, b) for a, b in zip(first, longer, strict=False))
    whole = kept(tmp_path / "at once")
    whole.open()
    assert all(
        np.array_equal(a, b) for a, b in zip(longer, losses_of(whole, 3, again), strict=True)
    )


def test_a_loss_is_against_the_mean_of_the_approved(tmp_path: Path) -> None:
    folder = kept(tmp_path / "refits")
    folder.open()
    approved = np.array([[1.0, 0, 0, 0], [3.0, 0, 0, 0]])
    [losses] = losses_of(folder, 1, lambda rng: (DECLINED, approved))
    assert losses.tolist() == [[1.0, 1.0, 0.0], [-2.0, 4.0, 1.0]]


@pytest.mark.parametrize("there", ["another bundle", "another's file"])
def test_refits_of_something_else_are_not_mixed_in(tmp_path: Path, there: str) -> None:
    place = tmp_path / "refits"
    if there == "another bundle":
        kept(place).open()
        kept(place).open()
    else:
        place.mkdir()
        (place / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="--out"):
        kept(place, bundle="b2").open()
