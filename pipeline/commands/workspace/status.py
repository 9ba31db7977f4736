"""`creditloom status`: says what this folder holds, how good the model is, and what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditloom.pipeline.commands.workspace.folder_state import show

FolderOption = Annotated[Path, typer.Option(help="folder with params.yaml and data/")]
JsonOption = Annotated[bool, typer.Option("--json", help="as JSON, for a program")]


def status(folder: FolderOption = Path(), as_json: JsonOption = False) -> None:
    """Say what this folder holds: parameters, stages, figures, the champion, and what comes next.

    It reads times of files, not their contents: `dvc status` compares contents.
    """
    show(folder, as_json=as_json)
