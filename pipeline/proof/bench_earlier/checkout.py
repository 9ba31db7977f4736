"""A checkout of this project, present or earlier: its modules, its stages, its runs.

Earlier checkouts lie otherwise than the present one (at 613f9fa every room was a package of its
own). So modules are looked up where they may lie, and the command of a stage is read in dvc.yaml.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import changed_text, mapping
from creditloom.pipeline.proof.usage import Usage, measure

DVC = "dvc.yaml"
# What a command is in each layout, newest first: the first whose file is there counts.
COMMAND_LINE = ("creditloom.pipeline.cli", "pipeline.cli")
FIRST_DECISION = (
    "creditloom.pipeline.proof.bench.runs.first_decision",
    "creditloom.pipeline.proof.bench.first_decision",
    "pipeline.bench.first_decision",
)


class CheckoutError(ValueError):
    """A folder is no checkout of this project, or lacks what is to be measured."""


@dataclass(frozen=True)
class Checkout:
    """`root` is the folder of the checkout; `commit` names it in the tables."""

    root: Path
    commit: str

    @classmethod
    def at(cls, root: Path) -> Checkout:
        """Return the checkout of a folder. Raise CheckoutError where it holds none."""
        place = root.resolve()
        if not (place / DVC).is_file():
            raise CheckoutError(
                f"{root}: expected a checkout of this project with {DVC}, found none. "
                "Make one: git worktree add ../earlier COMMIT"
            )
        said = subprocess.run(  # noqa: S603  git alone, no shell
            ["git", "-C", str(place), "rev-parse", "--short", "HEAD"],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        # A folder without history is measured all the same.
        return cls(place, said.stdout.strip() or place.name)

    def module(self, names: Sequence[str]) -> str:
        """Return the first of these modules that the checkout has. Raise CheckoutError."""
        for name in names:
            parts = name.removeprefix("creditloom.").split(".")
            is_new = name.startswith("creditloom.")
            has_package = (self.root / "creditloom").exists()
            if self.root.joinpath(*parts).with_suffix(".py").is_file() and is_new == has_package:
                return name
        raise CheckoutError(
            f"{self.root}: expected one of the modules {', '.join(names)}, found none. "
            "Leave this table out with --only, or take a checkout since 613f9fa"
        )

    def stage_module(self, stage: str) -> str:
        """Return the module that runs a stage, as dvc.yaml says. Raise CheckoutError."""
        stages = mapping(self.root / DVC)["stages"]
        if stage not in stages:
            raise CheckoutError(
                f"{self.root / DVC}: expected the stage {stage}, found {', '.join(stages)}"
            )
        command = shlex.split(stages[stage]["cmd"])
        # Every stage of every checkout is `python -m MODULE`.
        return command[command.index("-m") + 1]

    def prepare(self, folder: Path, changes: Mapping[str, Any]) -> None:
        """Write the checkout's own params.yaml with `changes` into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        text = changed_text(changes, self.root / paths.PARAMS)
        (folder / paths.PARAMS).write_text(text, encoding="utf-8")

    def run(self, module: str, *arguments: str, folder: Path) -> Usage:
        """Run a module of the checkout in `folder` and measure it. Raises UsageError."""
        path = os.pathsep.join([str(self.root), *_others()])
        return measure(module, *arguments, folder=folder, env={"PYTHONPATH": path})


def _others() -> list[str]:
    """Return the folders of PYTHONPATH that are no checkout: libraries that stand beside."""
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [path for path in given if path and not (Path(path) / DVC).is_file()]
