"""`creditloom params`: read every block of params.yaml as its room's type before anything runs.

The types are named as text and imported when asked for: a stage must not reach every room because it reads its own parameters.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline import paths
from pipeline.params import SECTIONS, section

TYPES: dict[str, str] = {
    "seed": "builtins:int",
}


def type_of(name: str) -> type:
    """The frozen type of one block of params.yaml."""
    module, _, kind = TYPES[name].partition(":")
    found: type = getattr(importlib.import_module(module), kind)
    return found


def params(path: Annotated[Path, typer.Option(help="the parameter file")] = paths.PARAMS) -> None:
    """Check params.yaml: every block, key and value, before a long run."""
    for name in SECTIONS:
        section(name, type_of(name), path)
    Console().print(f"{path}: {len(SECTIONS)} blocks, all as declared")
