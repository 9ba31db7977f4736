"""Refuse a release whose lock and figures a whole run does not give again: same_run KEPT MADE.

Code, parameters and commands must be those of the lock, to the byte. The data are not: another kind
of processor rounds the last bit of a logarithm another way, so the figures may differ a little.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from creditloom.pipeline.base.params import mapping

# Of a figure up to 1, and relative above. Two kinds of processor differed by .0005 at most
# (docs/evidence.md).
TOLERANCE = 0.002
FIGURES = Path("data/reports/figures.json")
# What a stage makes, and the next one reads.
MADE = "data/"


def told_by_lock(root: Path) -> dict[str, Any]:
    """Return of each stage what does not hang on the machine: command, parameters, code."""
    stages = mapping(root / "dvc.lock")["stages"]
    told = {}
    for name, stage in stages.items():
        code = {
            one["path"]: one["md5"] for one in stage["deps"] if not one["path"].startswith(MADE)
        }
        told[name] = {"cmd": stage["cmd"], "params": stage.get("params"), "code": code}
    return told


def differences(kept: Path, made: Path) -> list[str]:
    """Return in words what the run in `made` does not give again."""
    locks = told_by_lock(kept), told_by_lock(made)
    names = sorted({*locks[0], *locks[1]})
    found = [
        f"dvc.lock: stage {name} ran other code, parameters or another command"
        for name in names
        if locks[0].get(name) != locks[1].get(name)
    ]
    figures = [json.loads((root / FIGURES).read_text(encoding="utf-8")) for root in (kept, made)]
    for name in sorted({*figures[0], *figures[1]}):
        was, now = (one.get(name) for one in figures)
        if was is None or now is None or abs(was - now) > TOLERANCE * max(1.0, abs(was)):
            found.append(f"{FIGURES}: {name}: expected {was} within {TOLERANCE}, got {now}")
    return found


if __name__ == "__main__":
    problems = differences(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.exit("\n".join(problems) or 0)
