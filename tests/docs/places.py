"""The folders in which commands of the documents run, each with what its documents speak of."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from tests.checkout import ROOT

# Applications of the world's place that stand for those of a night.
NIGHT_ROWS = 300


@dataclass(frozen=True)
class Place:
    """A folder, and ids of decisions that lie in it: `adverse` and `refer`."""

    folder: Path
    ids: Mapping[str, str] = field(default_factory=dict)


def empty(folder: Path) -> Place:
    """Return an empty folder."""
    folder.mkdir(parents=True)
    return Place(folder)


def clone(folder: Path) -> Place:
    """Return a folder with what a clone has beside its code: parameters and examples."""
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "examples", folder / "examples")
    shutil.copy(ROOT / "params.yaml", folder)
    return Place(folder)


def files(folder: Path) -> Place:
    """Return a folder with a lender's own files, `my_files/` and `mapping.yaml`, of two months."""
    # Of the tests of mapped tables: names, units, zones and ids of a lender's own.
    from tests.own_tables.conftest import MAPPING, write_files

    folder.mkdir(parents=True)
    write_files(folder / "my_files")
    shutil.copytree(folder / "my_files", folder / "next_month")
    (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    return Place(folder)


def world(folder: Path) -> Place:
    """Return the root of a small world after its last stage, with its model registered.

    `applications.parquet` holds some of its applications; `draft.yaml` is its policy once more.
    """
    # Of the tests of the stages: a world of 2,000 applicants.
    from tests.pipeline.conftest import whole_run

    # `folder` lies in a folder of its own below that of the session.
    shutil.copytree(whole_run(folder.parent.parent), folder)
    stage_runner.run_command(folder, "register", "--if-missing")
    matrix = pd.read_parquet(folder / paths.MATRIX)
    matrix.tail(NIGHT_ROWS).to_parquet(folder / "applications.parquet", index=False)
    shutil.copy(folder / paths.PARAMS, folder / "draft.yaml")
    shutil.copytree(ROOT / "examples", folder / "examples")
    return Place(folder, _ids(folder))


def _ids(folder: Path) -> dict[str, str]:
    decisions = pd.read_parquet(folder / paths.DECISIONS, columns=["decision_id", "decision"])
    # table: kind of id -> the decision that it is of
    kinds = {"adverse": "decline", "refer": "refer"}
    first = decisions.groupby("decision")["decision_id"].first()
    return {kind: str(first[name]) for kind, name in kinds.items() if name in first}


# table: name of a place in a document -> what makes it
PLACES: Mapping[str, Callable[[Path], Place]] = {
    "empty": empty,
    "clone": clone,
    "files": files,
    "world": world,
}
