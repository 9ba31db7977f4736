"""What the model reads: its features in model order, and the concepts that explain them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .errors import DecisionError
from .strict_json import canonical, check_format, parse

VERSION = 1  # of a catalogue: its format, under a name of its own


@dataclass(frozen=True)
class Concept:
    """One reason concept: what a person can understand and act upon. Hints may be empty."""

    id: str
    family: str
    text_en: str
    text_zh: str
    hint_en: str = ""
    hint_zh: str = ""


@dataclass(frozen=True)
class Feature:
    """One model input.

    `direction` is the sign of the monotone constraint on the log-odds of default (+1: more is riskier).
    `categories` names the texts of a categorical column in code order (text in, code 0.. to the model);
    `special_codes` are values that mean missing. Null in a float column means what `null_meaning` says.
    """

    name: str
    family: str
    concept: str
    measure: str = ""
    slice: str = ""
    aggregate: str = ""
    window: str = ""
    unit: str = ""
    direction: int = 0
    null_meaning: str = ""
    text_en: str = ""
    text_zh: str = ""
    source: str = ""
    categories: tuple[str, ...] = ()
    special_codes: tuple[float, ...] = ()

    @property
    def is_coded(self) -> bool:
        """Its column does not hold the numbers that the model reads."""
        return bool(self.categories or self.special_codes)


@dataclass(frozen=True)
class Catalogue:
    """Features in model order and the concepts they belong to; concept order breaks ties between reasons."""

    concepts: tuple[Concept, ...]
    features: tuple[Feature, ...]
    version: int = VERSION

    def __post_init__(self) -> None:
        known = {c.id for c in self.concepts}
        lost = [f"{f.name} -> {f.concept}" for f in self.features if f.concept not in known]
        if lost:
            raise _refusal(
                "a feature names a concept that is not declared",
                "a concept of the catalogue",
                lost[0],
            )
        if len({f.name for f in self.features}) != len(self.features):
            raise _refusal(
                "a feature is declared twice", "distinct names", f"{len(self.features)} features"
            )
        if len(known) != len(self.concepts):
            raise _refusal(
                "a concept is declared twice", "distinct ids", f"{len(self.concepts)} concepts"
            )

    @classmethod
    def from_json(cls, text: str | bytes) -> Catalogue:
        """Read `catalogue.json`; keys that the runtime does not use are ignored."""
        content = json.loads(text)
        check_format(content, VERSION, "catalogue.json", "version")
        return parse(cls, content, "catalogue.json", extra="ignore")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Feature names in model order."""
        return tuple(f.name for f in self.features)

    @cached_property
    def plain_names(self) -> tuple[str, ...]:
        """Names of the features whose columns hold what the model reads."""
        return tuple(f.name for f in self.features if not f.is_coded)

    @cached_property
    def concept_ids(self) -> tuple[str, ...]:
        """Ids of the concepts that own at least one feature, in declared order."""
        used = {f.concept for f in self.features}
        return tuple(c.id for c in self.concepts if c.id in used)

    @cached_property
    def concept_of(self) -> np.ndarray:
        """Index into `concept_ids` of each feature, int64, in model order."""
        order = {c: k for k, c in enumerate(self.concept_ids)}
        return np.array([order[f.concept] for f in self.features], dtype=np.int64)

    @cached_property
    def digest(self) -> str:
        """sha256 of the canonical JSON: two catalogues with one digest read a frame alike."""
        return hashlib.sha256(canonical(self)).hexdigest()


def _refusal(what: str, expected: str, got: str) -> DecisionError:
    return DecisionError(
        what,
        where="catalogue.json",
        expected=expected,
        got=got,
        next_step="export the catalogue again",
    )
