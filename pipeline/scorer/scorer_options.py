"""Turn the parameters of an estimator into the source and the choices that `fit` takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.model.fit_options import (
    PARAMS,
    SIGNS,
    RunChoices,
    beyond_of,
    budget_of,
    words_of,
)
from creditloom.pipeline.scorer.given_rows import ScorerError
from creditloom.storage.files.source_params import ColumnWords, SourceParams

# A finished table is read from memory: nothing lies at this path.
NO_PATH = "X"


def names_of_option(given: Any) -> tuple[str, ...]:
    """Return columns that an option names: one name, several, or None.

    >>> names_of_option("age"), names_of_option(None)
    (('age',), ())
    """
    if given is None:
        return ()
    return (given,) if isinstance(given, str) else tuple(map(str, given))


def words_of_columns(monotone: Any, concepts: Any, there: Sequence[str]) -> dict[str, ColumnWords]:
    """Return sign, concept and words of single columns. `there` are the columns of X.

    monotone: by column a sign (1, -1, "+", "-") or a mapping as in the file of `--monotone`; a
    text as the option has it, or the path of a file. concepts: by column the concept that its
    reasons name.
    """
    if isinstance(monotone, Mapping):
        words = {str(name): _stated(str(name), value) for name, value in monotone.items()}
    else:
        words = words_of([str(monotone)] if monotone is not None else [], there)
    for name, concept in (concepts or {}).items():
        words[name] = replace(words.get(name, ColumnWords()), concept=str(concept))
    return words


def _stated(name: str, value: Any) -> ColumnWords:
    if isinstance(value, ColumnWords):
        return value
    if isinstance(value, Mapping) and set(value) <= set(ColumnWords.__dataclass_fields__):
        sign = _stated(name, value.get("sign", 0)).sign
        return replace(ColumnWords(**value), sign=sign)
    if str(value) in SIGNS:
        return ColumnWords(sign=SIGNS[str(value)])
    raise ScorerError.of(
        "A sign is none",
        where=f"CreditScorer(monotone={{{name!r}: ...}})",
        expected="1 or + (more is riskier), -1 or -, 0, or sign, concept, text_en, text_zh, unit",
        got=repr(value),
        next_step="write it as monotone={'income': -1}",
    )


def source_of_options(options: Mapping[str, Any], there: Sequence[str]) -> SourceParams:
    """Return the source of a table with the columns `there`, without its label."""
    codes = options["special_codes"]
    is_by_column = isinstance(codes, Mapping)
    by_column = codes if is_by_column else {}
    # table: fields of the source
    return SourceParams(
        "matrix",
        NO_PATH,
        max_bad_share=section("source", SourceParams, PARAMS).max_bad_share,
        id=options["row_id"],
        protected=names_of_option(options["protected"]),
        categorical=names_of_option(options["categorical"]),
        drop=names_of_option(options["drop"]),
        keep=names_of_option(options["keep"]),
        special_codes=() if is_by_column else tuple(map(float, codes or ())),
        column_codes={str(name): tuple(map(float, some)) for name, some in by_column.items()},
        columns=words_of_columns(options["monotone"], options["concepts"], there),
    )


def choices_of_options(options: Mapping[str, Any]) -> RunChoices:
    """Return what a person chose beside the table; the arguments stand in the report's figures."""
    return RunChoices(
        accept=names_of_option(options["accept"]),
        beyond=beyond_of(options["beyond"]),
        budget=budget_of(options["budget"]),
        arguments={name: plain_option(value) for name, value in options.items()},
    )


def plain_option(value: Any) -> Any:
    """Return an option as JSON holds it: paths as text, numbers of numpy as Python's."""
    if isinstance(value, Mapping):
        return {str(name): plain_option(some) for name, some in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain_option(some) for some in value]
    if isinstance(value, ColumnWords):
        return vars(value)
    if isinstance(value, Path):
        return str(value)
    return value.tolist() if hasattr(value, "tolist") else value
