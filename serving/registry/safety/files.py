"""Hash all files of a registered version: what decides, and what MLflow reads to load and serve it.

MLmodel names the code to import, requirements.txt what is installed before: whoever changes them
runs their own.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

# MLflow writes it into the artifacts when a version is loaded by its name.
OF_LOADING = "registered_model_meta"


def files_sha256(folder: Path) -> str:
    """Return the sha256 over relative name and content of all files of a version."""
    digest = hashlib.sha256()
    files = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    for path in sorted(files, key=lambda file: file.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix()
        if name == OF_LOADING:
            continue
        # A link counts by where it leads: its content may change without the artifacts.
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()
