"""The gate before `champion`: observable figures, both sides of each bound."""

from __future__ import annotations

import pytest

from creditloom.serving.registry import gate
from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.gate import GateParams, Measured

GATE = GateParams(min_auc=0.65, max_auc_loss=0.01, min_calibration_p=0.01)


# table: a case a row
@pytest.mark.parametrize(
    ("auc", "calibration_p", "fails"),
    [
        (0.65, 0.5, 0),
        (0.6499, 0.5, 1),
        (0.70, 0.01, 0),
        (0.70, 0.0099, 1),
        (0.60, 0.001, 2),
        (None, 0.5, 1),  # not measured does not pass
        (0.70, None, 1),
    ],
)
def test_absolute_gate(auc: float | None, calibration_p: float | None, fails: int) -> None:
    assert len(gate.shortfalls(Measured(auc, calibration_p), GATE)) == fails


def test_figures_are_those_of_the_door_as_observed() -> None:
    metrics = {
        "observable": {"auc_oot": 0.7, "weighted": {"calibration_in_the_large_p": 0.2}},
        "calibration": {"calibration_in_the_large_p": 0.9},
    }
    assert Measured.of(metrics) == Measured(0.7, 0.2)
    assert Measured.of({}) == Measured(None, None)


@pytest.mark.parametrize(("auc", "fails"), [(0.72, 0), (0.6901, 0), (0.6899, 1)])
def test_a_later_champion_may_not_rank_clearly_worse(auc: float, fails: int) -> None:
    assert len(gate.behind(Measured(auc, 0.5), Measured(0.70, 0.5), GATE)) == fails


def test_figures_survive_as_tags() -> None:
    for measured in (Measured(1 / 3, 0.1 + 0.2), Measured(None, None)):
        assert Measured.of_tags({**measured.tags(), "other": "x"}) == measured


def test_require_names_the_version_and_the_figure() -> None:
    with pytest.raises(
        RegistryError, match=r"credit-decision version 3[\s\S]*AUC .* 0\.6000, at least 0\.6500"
    ):
        gate.require(gate.shortfalls(Measured(0.6, 0.5), GATE), "credit-decision version 3")
    gate.require((), "credit-decision version 3")
