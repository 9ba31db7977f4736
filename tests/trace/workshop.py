"""A copy of the code in which rules are read wrongly, one at a time, and outcomes compared.

One process loads the libraries; each outcome runs in a fork of it that loads the code of the copy
afresh. So a wrong reading costs the import of our code and not of the libraries.
"""

from __future__ import annotations

import compileall
import json
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.architecture.source import PACKAGE, ROOMS, ROOT
from tests.trace.wrong_readings import WrongReading

COPIED = (*ROOMS, PACKAGE, "products", "tests", "docs", "params.yaml", "pyproject.toml", "dvc.yaml")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "*.pyc")
# Machine code that numba keeps knows only its own file, not what it calls.
COMPILED = ("features/compiled/", "decision/score/contributions/")
# Characters of a traceback that are repeated.
TOLD_OF_AN_ERROR = 600


@dataclass
class Workshop:
    """The copy in `folder`, the process that forks, and the outcomes of the right reading."""

    folder: Path
    process: subprocess.Popen[str]
    right: dict[str, dict[str, Any]] = field(default_factory=dict)

    def right_outcome(self, change: str) -> dict[str, Any]:
        """Return the outcome of the right reading, computed once."""
        if change not in self.right:
            self.right[change] = self._outcome(change, "")
        return self.right[change]

    def differences(self, wrong: WrongReading) -> list[str]:
        """Return what the wrong reading changes in its outcome; empty: nothing, it is hollow."""
        right = self.right_outcome(wrong.changes)
        path = self.folder / wrong.file
        sound = path.read_text(encoding="utf-8")
        times = path.stat()
        path.write_text(wrong.applied(sound), encoding="utf-8")
        try:
            found = self._outcome(wrong.changes, wrong.file)
        finally:
            path.write_text(sound, encoding="utf-8")
            # The time of the file is part of the name of kept machine code.
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        return _differences(right, found)

    def _outcome(self, change: str, broken_file: str) -> dict[str, Any]:
        requests: IO[str] | None = self.process.stdin
        answers: IO[str] | None = self.process.stdout
        assert requests is not None and answers is not None
        is_fresh = broken_file.startswith(COMPILED)
        request = {"change": change, "file": broken_file, "is_fresh": is_fresh}
        requests.write(json.dumps(request) + "\n")
        requests.flush()
        answer: dict[str, Any] = json.loads(answers.readline())
        if "error" in answer:
            # The last lines say what is wrong; those before are of this machine.
            told = answer["error"].strip()[-TOLD_OF_AN_ERROR:]
            reading = f"{broken_file} read wrongly" if broken_file else "the right reading"
            raise RuntimeError(
                f"`{change}` cannot be run with {reading}; expected an outcome, got ...{told} "
                "Choose another wrong reading, or name a situation that runs."
            )
        outcome: dict[str, Any] = answer["outcome"]
        return outcome


@contextmanager
def workshop() -> Iterator[Workshop]:
    """Copy the code to a temporary folder and start the process that runs outcomes there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _copy(folder)
        environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "tests.trace.forks"]
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield Workshop(folder, process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


def _copy(folder: Path) -> None:
    for name in COPIED:
        if (ROOT / name).is_dir():
            # links stay links: creditloom/ must lead to the copies
            shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=NOT_COPIED)
        else:
            shutil.copy2(ROOT / name, folder / name)
    # Compiled files that are checked by content: a file changed within a second is seen.
    checked = py_compile.PycInvalidationMode.CHECKED_HASH
    for room in (*ROOMS, "tests"):
        compileall.compile_dir(folder / room, quiet=2, invalidation_mode=checked)


def _differences(right: Any, found: Any, place: str = "") -> list[str]:
    """Return the places where two outcomes differ, with both values."""
    if isinstance(right, dict) and isinstance(found, dict):
        keys = [*right, *(key for key in found if key not in right)]
        return [
            line
            for key in keys
            for line in _differences(right.get(key), found.get(key), f"{place}.{key}".strip("."))
        ]
    if isinstance(right, list) and isinstance(found, list) and len(right) == len(found):
        return [
            line
            for k, pair in enumerate(zip(right, found, strict=True))
            for line in _differences(*pair, f"{place}[{k}]")
        ]
    # As text: a figure that is not a number is equal to itself there.
    is_same = json.dumps(right) == json.dumps(found)
    return [] if is_same else [f"{place}: {_short(right)} -> {_short(found)}"]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 90 else f"{text[:87]}..."
