"""The rules that the sources state, as docs/rules lists them, and their contradictions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from creditloom.pipeline.base.params import document

SOURCES = ("S1", "S2", "S3", "S4", "S5")


@dataclass(frozen=True)
class SourceRule:
    """One rule of a source.

    `out` says why it has no code; None where it must be implemented and tested.
    """

    id: str
    kind: str
    what: str
    out: str | None = None


@dataclass(frozen=True)
class Contradiction:
    """What the sources disagree about, and the choice made."""

    id: str
    what: str
    choice: str


@dataclass(frozen=True)
class SourceFile:
    """One file of docs/rules."""

    rules: tuple[SourceRule, ...]


@dataclass(frozen=True)
class Contradictions:
    """docs/rules/contradictions.yaml."""

    rules: tuple[Contradiction, ...]


def all_rules(folder: Path) -> tuple[SourceRule, ...]:
    """Return every rule, source by source. Raises ParamsError for a file with wrong keys."""
    files = [document(SourceFile, folder / f"{source}.yaml") for source in SOURCES]
    return tuple(rule for file in files for rule in file.rules)


def all_contradictions(folder: Path) -> tuple[Contradiction, ...]:
    """Return every contradiction, C01 first. Raises ParamsError for a file with wrong keys."""
    return document(Contradictions, folder / "contradictions.yaml").rules
