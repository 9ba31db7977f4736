"""The two horizons at the command line, and what `review` refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import check, forward, paths
from pipeline.params import ParamsError, changed


def _params(folder: Path, **changes: object) -> Path:
    path = folder / "params.yaml"
    path.write_text(
        changed({name.replace("__", "."): value for name, value in changes.items()}, paths.HOUSE / "params.yaml"), encoding="utf-8"
    )
    return path


def test_a_label_of_short_loans_needs_a_policy_of_its_horizon(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"horizon_days is 365 but label.loans is short; expected 45"):
        check.params(_params(tmp_path, label__loans="short"))
    check.params(_params(tmp_path, label__loans="short", policy__horizon_days=45.0))
    with pytest.raises(ParamsError, match="expected 365"):
        check.params(_params(tmp_path, policy__horizon_days=45.0))


def test_a_policy_cannot_run_forward_without_decisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _params(tmp_path, world__applicants=1_000)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(forward.ForwardError, match="dvc repro"):
        forward.forward()
