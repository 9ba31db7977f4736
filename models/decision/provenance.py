"""Where the data come from and who vouches for the model: what R8 and R11 look at."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class DataSource:
    """The source of one family of features: who holds the data, under which licence (null = none), with which consent (R6, R8)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    family: str
    holder: str
    licence: str | None
    consent: str | None
    source: str
    note: str = ""


@dataclass(frozen=True)
class Sources:
    """All sources; a family that none of them names counts as one without licence."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    sources: tuple[DataSource, ...]

    def unlicensed(self, families: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the families whose data nobody may use (R8)."""
        licensed = {s.family for s in self.sources if s.licence}
        return tuple(f for f in families if f not in licensed)


@dataclass(frozen=True)
class Validation:
    """Who validated this model, independently of its training, and until which day that holds (R11)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    is_validated: bool
    validated_by: str
    revalidate_by: dt.date
