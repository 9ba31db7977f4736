"""Define the figures of other lenders, as the sources describe them (products/benchmarks.yaml).

They are shown beside our products and never used in a decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from creditloom.decision.rulebook.condition import SourcedValue

# pydantic reads the file: a key that is misspelt must not be ignored.
STRICT: dict[str, Any] = {"extra": "forbid", "strict": True}


@dataclass(frozen=True)
class Named:
    """One figure with what it measures."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    name: str
    value: SourcedValue


@dataclass(frozen=True)
class Benchmark:
    """One lender or product of others."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    id: str
    name_en: str
    name_zh: str
    figures: tuple[Named, ...]


@dataclass(frozen=True)
class Benchmarks:
    """The whole of products/benchmarks.yaml."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    benchmarks: tuple[Benchmark, ...]
