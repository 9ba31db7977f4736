"""The gate before `champion`: observable figures, both sides of each bound."""

from __future__ import annotations

import pytest

from models.registry import gate
from models.registry.errors import RegistryError
from models.registry.gate import GateParams, Measured

GATE = GateParams(min_auc=0.65, max_auc_loss=0.01, max_calibration_error=0.25)


@pytest.mark.parametrize(
    ("auc", "mean_pd", "bad_rate", "fails"),
    [
        (0.65, 0.02, 0.02, 0),
        (0.6499, 0.02, 0.02, 1),
        (0.70, 0.025, 0.02, 0),  # |0.025 / 0.02 - 1| = 0.25
        (0.70, 0.0251, 0.02, 1),
        (0.70, 0.0149, 0.02, 1),
        (0.60, 0.04, 0.02, 2),
        (None, 0.02, 0.02, 1),  # not measured does not pass
        (0.70, None, 0.02, 1),
        (0.70, 0.02, 0.0, 1),  # no bad: calibration cannot be shown
    ],
)
def test_absolute_gate(auc: float | None, mean_pd: float | None, bad_rate: float | None, fails: int) -> None:
    assert len(gate.shortfalls(Measured(auc, mean_pd, bad_rate), GATE)) == fails


@pytest.mark.parametrize(("auc", "fails"), [(0.72, 0), (0.6901, 0), (0.6899, 1)])
def test_a_later_champion_may_not_rank_clearly_worse(auc: float, fails: int) -> None:
    assert len(gate.behind(Measured(auc, 0.02, 0.02), Measured(0.70, 0.02, 0.02), GATE)) == fails


def test_figures_survive_as_tags() -> None:
    for measured in (Measured(1 / 3, 0.1 + 0.2, 0.02), Measured(None, None, None)):
        assert Measured.of_tags({**measured.tags(), "other": "x"}) == measured


def test_require_names_the_version_and_the_figure() -> None:
    with pytest.raises(RegistryError, match=r"credit-decision version 3[\s\S]*AUC .* 0\.6000, at least 0\.6500"):
        gate.require(gate.shortfalls(Measured(0.6, 0.02, 0.02), GATE), "credit-decision version 3")
    gate.require((), "credit-decision version 3")
