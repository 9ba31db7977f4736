"""The catalogue: the features that the model reads, in model order, and their reason concepts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .errors import DecisionError
from .strict_json import canonical, check_format, parse

# Version of the format of `catalogue.json`, stored in it under the key `version`.
VERSION = 3
# The fields of a feature by the version that brought them. An earlier catalogue has none of them,
# whatever other keys its writer put there.
SINCE = {
    2: ("null_share", "typical", "codes", "unseen", "column", "code"),
    3: ("high_en", "high_zh", "low_en", "low_zh", "is_sayable", "is_actionable"),
}


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
    frame holds the text, the model reads its number in `codes`, or its position where these are
    empty. `special_codes` are values that mean missing. A null in a float column means what
    `null_meaning` says.

    `column` is the column of the frame that the feature reads, "" = its own name; several features
    may read one column. `code` makes it an indicator: the model reads 1 where the column holds this
    number, else 0; null gives 0.

    What training saw: `null_share` is the share of null among its rows, null = not recorded. Where
    it is 0, `typical` is the number that the model reads in place of null: the training median, or
    the number of a level of average risk or worse. A special code that has an indicator counts as
    null there only if training held a null besides. `unseen` is the number that it reads for a
    level that is not among `categories`; null = as null.

    `high_*` and `low_*` say a value above or below that of the approved in plain words; `{value}`
    and `{typical}` stand in them for the two numbers. Where `is_sayable` is false no reason names
    the feature: its concept speaks. A person can change what `is_actionable`.
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
    null_share: float | None = None
    typical: float | None = None
    codes: tuple[float, ...] = ()
    unseen: float | None = None
    column: str = ""
    code: float | None = None
    high_en: str = ""
    high_zh: str = ""
    low_en: str = ""
    low_zh: str = ""
    is_sayable: bool = True
    is_actionable: bool = False

    @property
    def is_coded(self) -> bool:
        """Return whether the column must be translated into the numbers that the model reads."""
        return bool(self.categories or self.special_codes or self.is_indicator)

    @property
    def is_indicator(self) -> bool:
        """Return whether the model reads 1 where the column holds `code`, else 0."""
        return self.code is not None

    @property
    def read_column(self) -> str:
        """Return the column of the frame that the feature reads."""
        return self.column or self.name

    @property
    def is_never_null(self) -> bool:
        """Return whether training held no null of it: one that comes lies beyond training."""
        return self.null_share == 0 and not self.is_indicator


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
        for feature in self.features:
            _check_reading(feature)

    @classmethod
    def from_json(cls, text: str | bytes) -> Catalogue:
        """Read `catalogue.json`; keys that the runtime does not use are ignored.

        Raises `DecisionError` for a later format and for a value of the wrong type.
        """
        content = json.loads(text)
        number = check_format(content, VERSION, "catalogue.json", "version")
        later = [name for since, names in SINCE.items() if number < since for name in names]
        if later:
            content = _without_fields(content, later)
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


def _without_fields(content: Any, later: Sequence[str]) -> Any:
    """Return a catalogue without the keys that mean something from a later version on."""
    features = content.get("features") if isinstance(content, Mapping) else None
    if not isinstance(features, list):
        # Not a catalogue: the parser says what is wrong.
        return content
    kept = [
        {key: one[key] for key in one if key not in later} if isinstance(one, Mapping) else one
        for one in features
    ]
    return {**content, "features": kept}


def _check_reading(feature: Feature) -> None:
    """Raise `DecisionError` for a feature whose fields contradict each other."""
    if feature.codes and len(feature.codes) != len(feature.categories):
        raise _refusal(
            f"`{feature.name}` has not one number per category",
            f"{len(feature.categories)} codes",
            f"{len(feature.codes)}",
        )
    if feature.is_indicator and feature.categories:
        raise _refusal(f"`{feature.name}` is an indicator and a category", "one of the two", "both")
    if feature.is_never_null and feature.typical is None:
        # Without it LightGBM would read the null as 0, which may be the safest value.
        raise _refusal(
            f"`{feature.name}` had no null in training, and nothing to read in place of one",
            "typical: a number",
            "null",
        )


def _refusal(what: str, expected: str, got: str) -> DecisionError:
    return DecisionError(
        what,
        where="catalogue.json",
        expected=expected,
        got=got,
        next_step="export the catalogue again",
    )
