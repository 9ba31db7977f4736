"""What a folder holds, how good its model is, and what to do next: what `creditloom status` shows.

Without typer, whose checks of options take longer to load than all of this takes to run.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.headline import headline_words
from creditloom.pipeline.base.params import mapping
from creditloom.pipeline.base.stage import STAGES
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.text_files import read_json

NOT_RUN = "not run"
DONE = "done"
OLDER = "older than the stage before it"


@dataclass(frozen=True)
class StageState:
    """When a stage ended last here, in seconds since 1970, and its seconds; null where it never."""

    stage: str
    ended: float | None
    seconds: float | None
    state: str


def show(folder: Path = Path(), *, as_json: bool = False) -> None:
    """Write what a folder holds to standard output, as tables or as one JSON object."""
    stages = stage_states(folder)
    figures = figures_of(folder)
    champion = champion_of(folder)
    step = next_step(folder, stages, champion)
    if as_json:
        _tell_as_json(stages, figures, champion, step)
        return
    console = Console()
    console.print(_about(folder))
    console.print(_stage_table(stages))
    if figures:
        console.print(_figure_table(figures))
    console.print(f"champion here: {champion or 'none'}")
    console.print(f"next: {step}")


def stage_states(folder: Path) -> list[StageState]:
    """Return the stages in the order of the pipeline, by the records of their runs."""
    states: list[StageState] = []
    latest = 0.0
    for stage in STAGES:
        record = folder / paths.RUNTIME / f"{stage}.json"
        if not record.is_file():
            states.append(StageState(stage, None, None, NOT_RUN))
            continue
        ended = record.stat().st_mtime
        seconds = float(read_document(record, RESULTS)["seconds"])
        states.append(StageState(stage, ended, seconds, OLDER if ended < latest else DONE))
        # `explain` needs no `evaluate`: what both follow is `decide`.
        latest = max(latest, ended if stage not in ("evaluate", "explain") else latest)
    return states


def figures_of(folder: Path) -> dict[str, str]:
    """Return the figures of the last evaluation as text; empty where none was made."""
    file = folder / paths.METRICS
    return headline_words(read_document(file, RESULTS)) if file.is_file() else {}


def champion_of(folder: Path) -> str | None:
    """Return the model that was registered from here last, as `credit-decision version 3`."""
    file = folder / paths.REGISTERED
    if not file.is_file():
        return None
    known = read_json(file)
    has_both = known.get("name") and known.get("version")
    return f"{known['name']} version {known['version']}" if has_both else None


def next_step(folder: Path, stages: list[StageState], champion: str | None) -> str:
    """Return the command that a person would run now."""
    if not (folder / paths.PARAMS).is_file():
        return "go to the root of a checkout, or fit a table of your own: creditloom fit --help"
    if all(one.state == NOT_RUN for one in stages):
        return "make repro (or dvc repro): from raw tables to the report"
    left = [one.stage for one in stages if one.state != DONE]
    if left:
        return f"dvc repro: {', '.join(left)}"
    if champion is None:
        return "creditloom open, then creditloom register --if-missing"
    return "creditloom open: the report; creditloom explain --help: one decision in words"


def _about(folder: Path) -> str:
    file = folder / paths.PARAMS
    if not file.is_file():
        return f"{folder.resolve()}: no params.yaml here"
    params = mapping(file)
    source = params.get("source", {}).get("kind", "?")
    world = params.get("world", {})
    people = f", {world.get('applicants', 0):,} applicants" if source == "world" else ""
    return f"{folder.resolve()}: seed {params.get('seed')}, source {source}{people}"


def _stage_table(stages: list[StageState]) -> Table:
    table = Table("stage", "state", "ended", "seconds")
    for one in stages:
        ended = "" if one.ended is None else time.strftime("%F %H:%M", time.localtime(one.ended))
        seconds = "" if one.seconds is None else f"{one.seconds:,.1f}"
        table.add_row(one.stage, one.state, ended, seconds)
    return table


def _figure_table(figures: Mapping[str, str]) -> Table:
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name, value)
    return table


def _tell_as_json(
    stages: list[StageState], figures: Mapping[str, str], champion: str | None, step: str
) -> None:
    told = {
        "stages": [vars(one) for one in stages],
        "figures": dict(figures),
        "champion": champion,
        "next": step,
    }
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
