"""Read the options of `creditloom fit`: names, codes, signs. Names of the file are matched first.

An option may be repeated. A text that is a column's name is that column, commas and blanks in it
included; only then it is a list with commas.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import ParamsError, document
from creditloom.storage.files.errors import DataError, raise_together
from creditloom.storage.files.outputs import FolderKind
from creditloom.storage.files.source_params import ColumnWords

# `fit` runs from any folder, even without a params.yaml. It always uses the committed parameters.
PARAMS = paths.DEFAULTS
# A folder with this file was written by `fit`, so `fit` may replace the folder.
MARK = "metrics.json"
FIT = FolderKind(
    what="a fit",
    mark=MARK,
    keys=frozenset({"format", "cv", "cv_ridge", "sample", "calibration"}),
    names=("decisions.parquet", "index.html", "bundle/**", "quarantine/**", "search/*.log"),
)

T = TypeVar("T")
Beyond = Literal["refuse", "refer", "typical"]

# table: sign as written -> sign
SIGNS: Mapping[str, Literal[-1, 0, 1]] = {
    "+": 1, "+1": 1, "1": 1, "-": -1, "-1": -1, "−": -1, "0": 0,
}  # fmt: skip
YAML_SUFFIXES = (".yaml", ".yml")
# A comma that is followed by `name=sign` begins the next pair.
PAIR = re.compile(r",(?=[^,=]+=)")


@dataclass(frozen=True)
class RunChoices:
    """What a person chose for one run of `fit`, beside the table.

    accept: names of warnings that are accepted. beyond: what is done at scoring with a null or a
    level that training never had; None = as params.yaml says. budget: minutes that a search may
    take; None = no search. search: folder of its journals; None = `search` in the output folder.
    arguments: the options as given, for metrics.json.
    """

    accept: tuple[str, ...] = ()
    beyond: Beyond | None = None
    budget: float | None = None
    search: Path | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Faults:
    """Collects refusals of options, so that all are told at once."""

    def __init__(self) -> None:
        self.errors: list[DataError] = []

    def tried(self, read: Callable[..., T], *arguments: Any) -> T | None:
        """Return what `read` returns; None, and its refusal is kept, where it refuses."""
        try:
            return read(*arguments)
        except DataError as error:
            self.errors.append(error)
            return None

    def tell(self) -> None:
        """Raise DataError for all refusals; nothing where there are none."""
        raise_together(self.errors)


def column_of(text: str, there: Sequence[str] = ()) -> str:
    """Return the column that a text names: as the file spells it, blanks round it aside.

    A text that no column has is returned without blanks round it: the check of names tells it.
    """
    if text in there:
        return text
    alike = [name for name in there if name.strip() == text.strip()]
    if len(alike) != 1:
        return text.strip()
    if alike[0] != text.strip():
        sys.stderr.write(f"creditloom fit: `{text}` is the column {alike[0]!r} of the file\n")
    return alike[0]


def names_of(texts: str | Sequence[str] | None, there: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the columns of an option, which may be repeated; () when it is absent.

    >>> names_of("income, age,"), names_of(["sex, code"], ["sex, code", "age"])
    (('income', 'age'), ('sex, code',))
    """
    names: list[str] = []
    for text in [texts] if isinstance(texts, str) else texts or ():
        names += _listed(text, there)
    return tuple(dict.fromkeys(names))


def _listed(text: str, there: Sequence[str]) -> list[str]:
    """Return the columns of one text: the longest names of the file that its parts make."""
    if text in there:
        return [text]
    parts = text.split(",")
    names = []
    while parts:
        size = next((k for k in range(len(parts), 0, -1) if _is_there(parts[:k], there)), 1)
        name = column_of(",".join(parts[:size]), there)
        names += [name] if name else []
        parts = parts[size:]
    return names


def _is_there(parts: Sequence[str], there: Sequence[str]) -> bool:
    text = ",".join(parts)
    return text in there or text.strip() in {name.strip() for name in there}


def codes_of(
    texts: str | Sequence[str] | None, there: Sequence[str] = ()
) -> tuple[tuple[float, ...], dict[str, tuple[float, ...]]]:
    """Return (codes of all columns, codes of single ones). Raises DataError for no number.

    >>> codes_of(["-9,-8", "bureau=-1"], ["bureau"])
    ((-9.0, -8.0), {'bureau': (-1.0,)})
    """
    everywhere: list[float] = []
    of_columns: dict[str, tuple[float, ...]] = {}
    for text in [texts] if isinstance(texts, str) else texts or ():
        # By the last sign: a name may hold one too, a number does not.
        name, is_one, codes = text.rpartition("=")
        if not is_one:
            everywhere += _numbers(codes, text)
            continue
        column = column_of(name, there)
        of_columns[column] = (*of_columns.get(column, ()), *_numbers(codes, text))
    return tuple(everywhere), of_columns


def _numbers(codes: str, text: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in codes.split(",") if part.strip())
        if numbers and all(map(math.isfinite, numbers)):
            return numbers
        raise ValueError("not finite, or none")
    except ValueError as error:
        raise DataError.of(
            "A special code is no number",
            where="--special-codes",
            expected="numbers, as --special-codes=-9,-8 or --special-codes bureau=-1,-9",
            got=text,
            next_step="list numbers, separated by commas, after the column they belong to",
        ) from error


def words_of(texts: Sequence[str] | None, there: Sequence[str] = ()) -> dict[str, ColumnWords]:
    """Return what is stated of single columns, as `income=-,utilisation=+` or in a YAML file.

    Raises DataError for a sign that is none, and for a file that is not as ColumnWords.

    >>> words_of(["income=-,debt=+"])["income"].sign
    -1
    """
    words: dict[str, ColumnWords] = {}
    for text in texts or ():
        is_file = text.lower().endswith(YAML_SUFFIXES) and "=" not in text
        found = _words_in(Path(text)) if is_file else _signs(text, there)
        for name, stated in found.items():
            words[column_of(name, there)] = stated
    return words


def _words_in(path: Path) -> dict[str, ColumnWords]:
    try:
        return document(dict[str, ColumnWords], path)
    except ParamsError as error:
        raise DataError.of(
            "The file of signs and words cannot be used",
            where=f"--monotone {path}",
            expected="a mapping of columns to sign (-1, 0 or 1), concept, text_en, text_zh, unit",
            got=error,
            next_step="write it as `income: {sign: -1, text_en: income a year, unit: EUR}`",
        ) from error


def _signs(text: str, there: Sequence[str]) -> dict[str, ColumnWords]:
    whole, _, _ = text.rpartition("=")
    pairs = [text] if whole in there else PAIR.split(text)
    words = {}
    for pair in pairs:
        name, is_pair, sign = pair.rpartition("=")
        if not is_pair or sign.strip() not in SIGNS:
            raise DataError.of(
                "A sign is none",
                where="--monotone",
                expected="COLUMN=+ (more is riskier) or COLUMN=- (more is safer), or a YAML file",
                got=pair,
                next_step="write it as --monotone income=-,utilisation=+",
            )
        words[name] = ColumnWords(sign=SIGNS[sign.strip()])
    return words


def beyond_of(text: str | None) -> Beyond | None:
    """Return what is done with what training never had. Raises DataError for another word."""
    if text is None:
        return None
    words: tuple[Beyond, ...] = ("refuse", "refer", "typical")
    for word in words:
        if text == word:
            return word
    raise DataError.of(
        "No treatment of what training never had",
        where="--beyond",
        expected="refuse, refer or typical",
        got=text,
        next_step="write one of these words",
    )


def budget_of(minutes: float | None) -> float | None:
    """Return the minutes of a search. Raises DataError unless above 0."""
    if minutes is None or (math.isfinite(minutes) and minutes > 0):
        return minutes
    raise DataError.of(
        "A budget that is none",
        where="--budget",
        expected="minutes above 0",
        got=f"{minutes:g}",
        next_step="write minutes, or leave --budget out",
    )
