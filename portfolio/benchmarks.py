"""Define the figures of other lenders, as the sources describe them (products/benchmarks.yaml).

They are shown beside our products and never used in a decision.
"""

from __future__ import annotations

from dataclasses import dataclass

from creditloom.decision.rulebook.condition import SourcedValue


@dataclass(frozen=True)
class NamedFigure:
    """One figure with what it measures."""

    name: str
    value: SourcedValue


@dataclass(frozen=True)
class Benchmark:
    """One lender or product of others."""

    id: str
    name_en: str
    name_zh: str
    figures: tuple[NamedFigure, ...]


@dataclass(frozen=True)
class Benchmarks:
    """The whole of products/benchmarks.yaml."""

    benchmarks: tuple[Benchmark, ...]
