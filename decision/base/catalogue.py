"""The catalogue: the features that the model reads, in model order, and their reason concepts."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .errors import DecisionError
from .strict_json import canonical, check_format, parse

# Version of the format of `catalogue.json`, stored in it under the key `version`.
VERSION = 1


@dataclass(frozen=True)
class Concept:
    """One reason concept: something that a person can understand and change.

    Hints say what would help; they may be empty.
    """

    id: str
    family: str
    text_en: str
    text_zh: str
    hint_en: str = ""
    hint_zh: str = ""


@dataclass(frozen=True)
class Feature:
    """One model input.

    `direction` is the sign of the monotone constraint on the log-odds of default: +1 means that a
    higher value is riskier. `categories` holds the texts of a categorical column in code order: the
    frame holds the text, the model reads its position. `special_codes` are values that mean
    missing. A null in a float column means what `null_meaning` says.
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
        """Return whether the column must be translated into the numbers that the model reads."""
        return bool(self.categories or self.special_codes)


@dataclass(frozen=True)
class Catalogue:
    """Features in model order, and the concepts that they belong to.

    The order of the concepts breaks ties between reasons. Raises `DecisionError` for a feature
    without a declared concept and for names that stand twice.
    """

    concepts: tuple[Concept, ...]
    features: tuple[Feature, ...]
    version: int = VERSION

    def __post_init__(self) -> None:
        declared = {c.id for c in self.concepts}
        orphans = [f"{f.name} -> {f.concept}" for f in self.features if f.concept not in declared]
        if orphans:
            raise _refusal(
                "a feature names a concept that is not declared",
                "a concept of the catalogue",
                orphans[0],
            )
        if len({f.name for f in self.features}) != len(self.features):
            raise _refusal(
                "a feature is declared twice", "distinct names", f"{len(self.features)} features"
            )
        if len(declared) != len(self.concepts):
            raise _refusal(
                "a concept is declared twice", "distinct ids", f"{len(self.concepts)} concepts"
            )

    @classmethod
    def from_json(cls, text: str | bytes) -> Catalogue:
        """Read `catalogue.json`; keys that the runtime does not use are ignored.

        Raises `DecisionError` for a later format and for a value of the wrong type.
        """
        content = json.loads(text)
        check_format(content, VERSION, "catalogue.json", "version")
        return parse(cls, content, "catalogue.json", extra="ignore")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Feature names in model order."""
        return tuple(f.name for f in self.features)

    @cached_property
    def plain_names(self) -> tuple[str, ...]:
        """Names of the features whose columns already hold what the model reads."""
        return tuple(f.name for f in self.features if not f.is_coded)

    @cached_property
    def concept_ids(self) -> tuple[str, ...]:
        """Ids of the concepts that own at least one feature, in declared order."""
        used = {f.concept for f in self.features}
        return tuple(c.id for c in self.concepts if c.id in used)

    @cached_property
    def concept_of(self) -> np.ndarray:
        """Position in `concept_ids` of each feature's concept, int64, in model order."""
        position = {concept: k for k, concept in enumerate(self.concept_ids)}
        return np.array([position[f.concept] for f in self.features], dtype=np.int64)

    @cached_property
    def digest(self) -> str:
        """The sha256 of the canonical JSON: catalogues with one digest read a frame alike."""
        return hashlib.sha256(canonical(self)).hexdigest()


def _refusal(what: str, expected: str, got: str) -> DecisionError:
    return DecisionError(
        what,
        where="catalogue.json",
        expected=expected,
        got=got,
        next_step="export the catalogue again",
    )
