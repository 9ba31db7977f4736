"""The gate before `champion`: observable figures, both sides of each bound."""

from __future__ import annotations

from dataclasses import replace

import pytest

from creditloom.serving.registry import gate
from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.gate import GateParams, Measured, SameRows

GATE = GateParams(
    min_auc=0.65,
    max_auc_loss=0.01,
    min_calibration_p=0.01,
    min_group_p=0.01,
    min_rival_delta=0.0,
    rivals=("ridge", "incumbent"),
)
GOOD = Measured(
    auc=0.7, calibration_p=0.5, group_p=0.3, ridge_delta_high=0.01, incumbent_delta_high=0.05
)


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
    measured = replace(GOOD, auc=auc, calibration_p=calibration_p)
    assert len(gate.shortfalls(measured, GATE)) == fails


# table: a bad model a row
@pytest.mark.parametrize(
    ("figure", "value", "shortfall"),
    [
        ("group_p", 0.0099, "calibration of groups"),  # the PD of one group is off
        ("group_p", None, "calibration of groups"),
        ("ridge_delta_high", -0.0001, "ridge"),  # significantly below a straight line
        ("ridge_delta_high", None, "ridge"),
        ("incumbent_delta_high", -0.0001, "incumbent"),
        ("incumbent_delta_high", None, "incumbent"),
    ],
)
def test_a_bad_model_is_no_champion(figure: str, value: float | None, shortfall: str) -> None:
    assert gate.shortfalls(GOOD, GATE) == ()
    (line,) = gate.shortfalls(replace(GOOD, **{figure: value}), GATE)
    assert shortfall in line and ("not measured" in line) == (value is None)


def test_a_lender_without_an_earlier_scorecard_leaves_it_out() -> None:
    alone = replace(GATE, rivals=("ridge",))
    assert gate.shortfalls(replace(GOOD, incumbent_delta_high=None), alone) == ()


def test_figures_are_those_of_the_door_as_observed() -> None:
    # table: block of metrics.json -> figures
    metrics = {
        "observable": {"auc_oot": 0.7, "weighted": {"calibration_in_the_large_p": 0.2}},
        "calibration": {"calibration_in_the_large_p": 0.9},
        "group_calibration": {
            "booked": {"worst_shape": {"p": 0.3}},
            "door": {"worst_shape": {"p": 0.001}},
        },
        "duels": [
            {"id": "ridge_door", "high": -0.5},
            {"id": "ridge_booked", "high": 0.01},
            {"id": "incumbent_booked", "high": 0.05},
        ],
    }
    assert Measured.of(metrics) == Measured(0.7, 0.2, 0.3, 0.01, 0.05)
    assert Measured.of({}) == Measured()


@pytest.mark.parametrize(("auc", "fails"), [(0.72, 0), (0.6901, 0), (0.6899, 1)])
def test_a_later_champion_may_not_rank_clearly_worse(auc: float, fails: int) -> None:
    assert len(gate.behind(Measured(auc, 0.5), Measured(0.70, 0.5), GATE)) == fails


def test_figures_survive_as_tags() -> None:
    for measured in (Measured(1 / 3, 0.1 + 0.2, 0.5, 1e-17, -0.25), Measured()):
        assert Measured.of_tags({**measured.tags(), "other": "x"}) == measured


def test_require_names_the_version_and_the_figure() -> None:
    with pytest.raises(
        RegistryError, match=r"credit-decision version 3[\s\S]*AUC .* 0\.6000, at least 0\.6500"
    ):
        gate.require(gate.shortfalls(replace(GOOD, auc=0.6), GATE), "credit-decision version 3")
    gate.require((), "credit-decision version 3")


def test_an_auc_of_the_same_rows_is_read_back_from_tags() -> None:
    same_rows = SameRows(champion=3, auc=0.1 + 0.2)
    assert SameRows.of_tags(same_rows.tags()) == same_rows
    assert SameRows.of_tags(GOOD.tags()) is None
