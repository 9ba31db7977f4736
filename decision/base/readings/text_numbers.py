"""How a column of text is read as numbers: one reading, in training and at every door.

`12.5%` is 12.5, `1,234` is 1234, `3,5` is 3.5, and `?` among numbers is null. Training states the
reading of a column in the layout of the bundle. Nothing is guessed again at scoring.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Form = Literal["plain", "percent", "thousands", "decimal comma", "truth"]

# table: form -> the pattern of a whole text without blanks around it
PATTERNS: Mapping[Form, str] = {
    "plain": r"^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[iI]nf(?:inity)?)$",
    "percent": r"^[+-]?(?:\d+\.?\d*|\.\d+)\s*%$",
    "thousands": r"^[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?$",
    "decimal comma": r"^[+-]?\d+(?:,\d+)?$",
    "truth": r"(?i)^(?:true|false)$",
}


@dataclass(frozen=True)
class TextReading:
    """How texts of one column become numbers.

    form: `percent` gives the number before the sign, `truth` 1 for true and 0 for false.
    missing: texts that mean null.
    """

    form: Form
    missing: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> TextReading:
        """Return the reading that `to_json` wrote."""
        return cls(content["form"], tuple(content.get("missing", ())))

    def to_json(self) -> dict[str, Any]:
        """Return the reading as it stands in the layout of a bundle."""
        return {"form": self.form, "missing": list(self.missing)}


def fits(texts: pa.Array, form: Form) -> NDArray[np.bool_]:
    """Return which texts (without blanks around them) are numbers of a form; null is none."""
    found = pc.match_substring_regex(texts.fill_null(""), PATTERNS[form])
    return np.asarray(found.to_numpy(zero_copy_only=False), bool)


def numbers_of(values: pa.Array, reading: TextReading) -> tuple[NDArray[np.float64], Any]:
    """Return texts as float64 (null = NaN), and a mask of the texts that the reading cannot read.

    A text of the second kind is NaN too; the caller refuses its row or counts it.

    >>> numbers_of(pa.array(["12.5%", "?", None]), TextReading("percent", ("?",)))[0].tolist()
    [12.5, nan, nan]
    """
    texts = pc.utf8_trim_whitespace(values.cast(pa.string()))
    is_missing = pc.is_in(texts, pa.array(["", *reading.missing])).to_numpy(zero_copy_only=False)
    is_null = np.asarray(texts.is_null().to_numpy(zero_copy_only=False), bool) | is_missing
    is_fit = fits(texts, reading.form) & ~is_null
    plain = pc.if_else(pa.array(is_fit), _plain(texts, reading.form), None)
    numbers = pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(numbers, np.float64), ~is_fit & ~is_null


def _plain(texts: pa.Array, form: Form) -> pa.Array:
    """Return texts without the signs of their form, so that one cast reads them all."""
    if form == "percent":
        return pc.utf8_trim_whitespace(pc.replace_substring(texts, "%", ""))
    if form == "thousands":
        return pc.replace_substring(texts, ",", "")
    if form == "decimal comma":
        return pc.replace_substring(texts, ",", ".")
    if form == "truth":
        return pc.if_else(pc.match_substring_regex(texts, "(?i)^true$"), "1", "0")
    return texts
