"""The manifest repeats the level that was forecast, and bundles without one stay as they were."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from creditloom.decision.bundle import REQUIRED, write_manifest

LEVEL = {"rate": 0.03, "low": 0.02, "high": 0.05, "interval": 0.9, "sd": 0.3}


@pytest.mark.parametrize("level", [None, LEVEL])
def test_the_manifest_tells_rate_and_interval(
    tmp_path: Path, level: dict[str, float] | None
) -> None:
    for name in REQUIRED:
        (tmp_path / name).write_text("{}")
    content = {} if level is None else {"level": level}
    (tmp_path / "calibration.json").write_text(json.dumps(content))
    write_manifest(tmp_path)
    told = json.loads((tmp_path / "manifest.json").read_text())
    # An earlier reader takes the same format, and passes over what it does not know.
    assert told["format"] == 3 and set(told["files"]) == set(REQUIRED)
    expected = {name: LEVEL[name] for name in ("rate", "low", "high", "interval")}
    assert told.get("level") == (expected if level else None)
