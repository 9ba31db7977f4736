"""Does one measured run for table `lake` of `creditloom bench`, in a process of its own.

`python -m creditloom.pipeline.proof.bench.runs.lake_run <what> <folder>`

It prints JSON: the CPU seconds of the work without imports, and a hash of what it made.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np
import typer

from creditloom.features.engine.engine import build
from creditloom.features.feature_params import FeatureParams
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.folders.identity import fixed
from creditloom.storage.folders.raw_folder import raw_tables


def features(root: Path) -> tuple[float, str]:
    """Build all features; return their CPU seconds and the sha256 of all values."""
    with tempfile.TemporaryDirectory() as name:
        checked = check_tables(root, Path(name) / "bad", Path(name) / "clean", max_bad_share=1.0)
    digest = hashlib.sha256()
    spent = 0.0
    before = _cpu()
    for block in build(checked.files, FeatureParams(threads=1)):
        # The hash is ours and no part of the work.
        spent += _cpu() - before
        for column in block.columns:
            if str(column.type) == "double":
                digest.update(np.ascontiguousarray(column.to_numpy()).tobytes())
        before = _cpu()
    return spent, digest.hexdigest()


def check(root: Path) -> tuple[float, str]:
    """Check the raw tables; the bytes of a lake are known, as `score` has taken their sha256."""
    contents = {
        file.path: file.sha256 for file in fixed(chain.from_iterable(raw_tables(root).values()), 1)
    }
    before = _cpu()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        checked = check_tables(
            root, place / "bad", place / "clean", max_bad_share=1.0, threads=1, contents=contents
        )
    return _cpu() - before, str(sum(one.rows for one in checked.checks))


def take_hashes(root: Path) -> tuple[float, str]:
    """Take the sha256 of all files."""
    before = _cpu()
    files = fixed(chain.from_iterable(raw_tables(root).values()), 1)
    return _cpu() - before, str(len(files))


WORK: dict[str, Callable[[Path], tuple[float, str]]] = {
    "features": features,
    "check": check,
    "hash": take_hashes,
}


def main() -> None:
    """Do the work named by the first argument."""
    what, root = sys.argv[1:]
    seconds, made = WORK[what](Path(root))
    typer.echo(json.dumps({"cpu": seconds, "made": made}))


def _cpu() -> float:
    used = os.times()
    return used.user + used.system


if __name__ == "__main__":
    main()
