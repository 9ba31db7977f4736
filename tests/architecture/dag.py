"""dvc.yaml as the architecture tests read it.

A stage has code dependencies, data dependencies, params and outs; parameters are filled in.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from tests.architecture.source import ROOMS, ROOT

PRODUCTS = "products"


@dataclass(frozen=True)
class Stage:
    """One stage; `params` are the sections of params.yaml it lists."""

    name: str
    cmd: str
    deps: tuple[str, ...]
    params: tuple[str, ...]
    outs: tuple[str, ...]
    frozen: bool

    @property
    def code(self) -> tuple[str, ...]:
        """Return the folders of code; a YAML file of a room is data and is named as a file."""
        of_rooms = (dep for dep in self.deps if dep.partition("/")[0] in ROOMS)
        return tuple(dep for dep in of_rooms if not dep.endswith(".yaml"))


def is_out(path: str) -> bool:
    """Whether a path is one of the git-ignored outs below data/."""
    return path.startswith("data/")


def within(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies below it."""
    return path == folder or path.startswith(folder + "/")


def stages() -> dict[str, Stage]:
    """Every stage of dvc.yaml by name."""
    source = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["source"]["path"]
    whole = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    return {name: _stage(name, body, source) for name, body in whole.items()}


def _stage(name: str, body: dict, source: str) -> Stage:  # type: ignore[type-arg]
    deps = tuple(dep.replace("${source.path}", source) for dep in body.get("deps", ()))
    outs = [
        next(iter(out)) if isinstance(out, dict) else out
        for key in ("outs", "metrics", "plots")
        for out in body.get(key, ())
    ]
    return Stage(
        name,
        body["cmd"],
        deps,
        tuple(body.get("params", ())),
        tuple(outs),
        body.get("frozen", False),
    )


def ancestors(name: str, all_stages: dict[str, Stage]) -> set[str]:
    """The stages whose outs `name` depends on, directly or through others."""
    found: set[str] = set()
    open_ = [name]
    while open_:
        deps = all_stages[open_.pop()].deps
        feeding = {
            other.name
            for other in all_stages.values()
            for out in other.outs
            for dep in deps
            if within(out, dep) or within(dep, out)
        }
        open_.extend(feeding - found)
        found |= feeding
    return found
