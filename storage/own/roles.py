"""Check the parts that columns play, from their names alone; every fault is told, not the first.

Light on purpose: the command asks this before it loads a library that learns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from creditloom.storage.contract.row_rules import missing_column
from creditloom.storage.files.errors import DataError, raise_together
from creditloom.storage.files.source_params import SourceParams

# Names under which a decision reads something else than a feature.
OURS = ("application_id", "as_of")
# Label columns that an error suggests.
MAX_CANDIDATES = 5
# Names that a label often has.
LABEL_WORDS = ("bad", "default", "target", "label", "outcome", "good", "y", "class")


def named_roles(params: SourceParams) -> Mapping[str, tuple[str, ...]]:
    """Return the columns that a person named, by the option that names them."""
    one = {name: getattr(params, name) for name in ("label", "id", "time", "group", "weight")}
    return {
        **{role: (name,) if name else () for role, name in one.items()},
        "protected": params.protected,
        "categorical": params.categorical,
        "drop": params.drop,
        "keep": params.keep,
        "special-codes": tuple(params.column_codes),
        "monotone": tuple(params.columns),
    }


def no_features(params: SourceParams) -> set[str]:
    """Return the named columns that are no features."""
    one = (params.label, params.id, params.time, params.group, params.weight)
    return {name for name in one if name} | {*params.protected, *params.drop}


def check_names(params: SourceParams, names: Sequence[str], where: object) -> None:
    """Raise DataError for all that `name_errors` returns at once."""
    raise_together(name_errors(params, names, where))


def name_errors(params: SourceParams, names: Sequence[str], where: object) -> list[DataError]:
    """Return all that is wrong with the names.

    Told are: a named column that is not there, one that stands twice, a label that plays another
    part, a sign or code of a column that is no feature, and a feature under a name of ours.
    """
    return [
        *_missing(params, names, where),
        *_twice(names, where),
        *_label(params, where),
        *_useless(params, where),
        *_ours(params, names, where),
    ]


def _missing(params: SourceParams, names: Sequence[str], where: object) -> Iterator[DataError]:
    there = set(names)
    roles = named_roles(params)
    taken = {name for wanted in roles.values() for name in wanted}
    # What plays a part already is no other column under a wrong name.
    free = [name for name in names if name not in taken]
    for role, wanted in roles.items():
        for name in wanted:
            if name not in there:
                part = f"the column named as `{role}`"
                yield missing_column(name, free or names, where, part, is_named=True)


def _twice(names: Sequence[str], where: object) -> Iterator[DataError]:
    for name in dict.fromkeys(names):
        count = list(names).count(name)
        if count > 1:
            yield DataError.of(
                f"Column `{name}` stands twice",
                where=where,
                expected="one",
                got=count,
                next_step="rename or drop one of them",
            )


def _label(params: SourceParams, where: object) -> Iterator[DataError]:
    others = {
        name for role, names in named_roles(params).items() if role != "label" for name in names
    }
    if params.label in others:
        yield undeclared_label(params.label, where, ())


def undeclared_label(got: str | None, where: object, candidates: Sequence[str]) -> DataError:
    """Return the error for no label, or one that plays another part too."""
    step = "name the column that holds 1 for bad and 0 for good as the label, and nowhere else"
    if candidates:
        step = f"{step}: --label {' or --label '.join(candidates)}"
    elif got is None:
        step = f"{step}: --label COLUMN"
    return DataError.of(
        "The label is not declared",
        where=where,
        expected="a column that is label and nothing else (--label)",
        got=str(got),
        next_step=step,
    )


def _useless(params: SourceParams, where: object) -> Iterator[DataError]:
    """Yield an error for what is stated of a column that the model does not read."""
    others = no_features(params)
    stated = {"monotone": params.columns, "special-codes": params.column_codes}
    for option, named in stated.items():
        for name in named:
            if name in others:
                yield DataError.of(
                    f"Column `{name}` is no feature",
                    where=where,
                    expected=f"a feature, as --{option} names it",
                    got="a column with another part (label, id, time, protected, drop, ...)",
                    next_step=f"take `{name}` out of --{option}",
                )


def _ours(params: SourceParams, names: Sequence[str], where: object) -> Iterator[DataError]:
    others = no_features(params)
    role = dict(zip(OURS, ("id", "time"), strict=True))
    for name in OURS:
        if name in names and name not in others:
            yield DataError.of(
                f"Column `{name}` bears a name that a decision reads as its {role[name]}",
                where=where,
                expected=f"no feature of the name {name}",
                got="a column that would be one",
                next_step=f"rename it, leave it out (--drop {name}), "
                f"or name it as --{role[name]} {name}",
            )


def label_candidates(table: pa.Table) -> list[str]:
    """Return columns of two values that may be the label, those named like one first."""
    once = [name for name in table.column_names if table.column_names.count(name) == 1]
    plain = [name for name in once if not pa.types.is_nested(table[name].type)]
    two = [name for name in plain if pc.count_distinct(table[name]).as_py() == 2]

    def is_unlike(name: str) -> bool:
        words = name.lower().replace("_", " ").split()
        return not any(word in LABEL_WORDS for word in words)

    return sorted(two, key=is_unlike)[:MAX_CANDIDATES]
