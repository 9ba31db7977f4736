"""`creditloom doctor`: says what this machine has, what each part is for, and how to get it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.table import Table

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console

OLDEST_PYTHON = (3, 11)
# A clone in which `make repro` has ended takes 5.7 GB, measured in December 2026 with 100,000
# applicants: .venv 2.1, data 1.9, .dvc/cache 1.9 (copies where the system cannot share blocks).
FREE_BYTES = 6 * 1024**3
# With fewer a run still ends, later.
GOOD_CORES = 2
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class MachinePart:
    """One part of the machine. is_needed: without it nothing of ours works."""

    part: str
    found: str | None
    what_for: str
    how: str
    is_needed: bool = False

    @property
    def verdict(self) -> str:
        """Return `ok`, `missing`, or `absent` for what only one use needs."""
        if self.found is not None:
            return "ok"
        return "missing" if self.is_needed else "absent"


def doctor() -> None:
    """Say what this machine has, what each part is for, and how to get what is missing.

    Exit code 1 where something is missing that every use needs.
    """
    parts = examined()
    table = Table("part", "", "found", "for", "how to get it")
    for one in parts:
        how = "" if one.found is not None else one.how
        table.add_row(one.part, one.verdict, one.found or "", one.what_for, how)
    console = Console()
    console.print(table)
    missing = [one.part for one in parts if one.verdict == "missing"]
    if missing:
        console.print(f"missing: {', '.join(missing)}")
        raise typer.Exit(1)
    console.print("next: make repro in a checkout, or creditloom fit --help for a table of yours")


def examined() -> list[MachinePart]:
    """Return the parts of the machine in the order in which a newcomer needs them."""
    extras = {
        "dvc": ("`dvc repro`", "pipeline"),
        "mlflow": ("register, promote, models:/ URIs", "mlflow"),
        "optuna": ("creditloom tune, fit --budget", "search"),
        "shap": ("the stage explain", "explain"),
        "fpdf": ("letters as PDF", "letter"),
        "pyspark": ("features and batches on Spark", "spark"),
        "cryptography": ("signed batches and bundles", "sign"),
    }
    libraries = [
        MachinePart(name, _version(name), what_for, f"pip install 'creditloom[{extra}]'")
        for name, (what_for, extra) in extras.items()
    ]
    return [*_machine(), *libraries, *_programs()]


def _machine() -> list[MachinePart]:
    python = ".".join(map(str, sys.version_info[:3]))
    is_new = sys.version_info[:2] >= OLDEST_PYTHON
    free = shutil.disk_usage(Path()).free
    cores = len(os.sched_getaffinity(0))
    links = paths.PACKAGE.is_dir() and (paths.PACKAGE / "models" / "__init__.py").is_file()
    gib = 1024**3
    # table: the parts that every use needs, or that a run needs
    return [
        MachinePart(
            "Python",
            python if is_new else None,
            "everything",
            "Python 3.11 or later",
            is_needed=True,
        ),
        MachinePart(
            "package",
            "whole" if links else None,
            "everything",
            "git clone on Linux or macOS (links are lost in a zip), or the wheel",
            is_needed=True,
        ),
        MachinePart(
            "disk",
            f"{free / gib:.0f} GiB free" if free >= FREE_BYTES else None,
            "make repro with 100,000 applicants",
            f"{FREE_BYTES // gib} GiB free, or creditloom params --set world.applicants=6000",
        ),
        MachinePart(
            "cores",
            str(cores) if cores >= GOOD_CORES else None,
            "the times that README says",
            "two cores",
        ),
    ]


def _programs() -> list[MachinePart]:
    return [
        MachinePart("git", shutil.which("git"), "a checkout, DVC", "your system's package git"),
        MachinePart("java", shutil.which("java"), "Spark", "a Java runtime, 17 or later"),
        MachinePart("browser", _first(BROWSERS), "tests that open the report", "chromium"),
        MachinePart(
            "Chinese font", _chinese_font(), "Chinese pictures and PDF letters", "fonts-wqy-zenhei"
        ),
    ]


def _version(name: str) -> str | None:
    """Return the version of a library; it is not imported, which would take seconds."""
    if importlib.util.find_spec(name) is None:
        return None
    # The name of a distribution may differ from that of its module.
    distribution = {"fpdf": "fpdf2"}.get(name, name)
    return importlib.metadata.version(distribution)


def _first(programs: tuple[str, ...]) -> str | None:
    return next((found for name in programs if (found := shutil.which(name))), None)


def _chinese_font() -> str | None:
    from creditloom.report.explanation.pictures import chinese_font

    found = chinese_font()
    return None if found is None else found.name
