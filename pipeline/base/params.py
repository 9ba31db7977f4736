"""Reads every YAML file: a file or section becomes a frozen type of its room, or is refused.

No other module reads YAML. A refusal names the path of the wrong value, what was expected and what
was found. A stage asks for its own sections by name and type, as `section("train", TrainParams)`.
`dvc.yaml` lists the same names. YAML is loaded safely, turned into JSON and validated strictly.
Text never becomes a number, a float never becomes an integer, and an unknown key is refused.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import re
import typing
from collections.abc import Hashable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params_text import replaced

# table: the sections of params.yaml, in the order of the file
SECTIONS = (
    "seed", "source", "calendar", "world", "features", "label", "split", "select", "tune", "train",
    "reject", "ridge", "calibration", "policy", "evaluate", "explain", "report", "registry",
    "retrain", "fit", "review", "optimise",
)  # fmt: skip

# table: parameters of earlier versions -> what to do about them; all of them are taken out
GONE = {
    "evaluate.macro_sd": "the level's own interval in calibration.json says how far it may move",
    "calibration.level.macro_sd": "calibration.level.sd took its place",
    "calibration.level.block_months": "calibration.level.rho took its place",
    "split.early_stopping_months": "the rolling origins (split.origins) choose the trees",
    "tune.timeout_seconds": "tune.minutes took its place",
}

# Largest number of characters that a message shows of a refused value. A longer value would hide
# what was expected.
SHOWN_CHARACTERS = 60

T = TypeVar("T")


class ParamsError(ValueError):
    """A YAML file cannot be used; the message says file, path, expected, got and next step."""


if TYPE_CHECKING:
    from pydantic import TypeAdapter

if TYPE_CHECKING or not yaml.__with_libyaml__:
    from yaml import SafeLoader
else:
    # The same values from libyaml's parser: every command and stage reads YAML, and this is a
    # tenth of the time.
    from yaml import CSafeLoader as SafeLoader


class _Loader(SafeLoader):
    """The safe loader, which also refuses a key that is written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        # Plain YAML silently keeps the last of two values. Merge keys (`<<`) may be repeated.
        written = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        twice = sorted({key for key in written if written.count(key) > 1})
        if twice:
            where = f"{node.start_mark.name}, line {node.start_mark.line + 1}"
            raise ParamsError(f"{where}: key written twice: {', '.join(twice)}; keep one of them")
        return super().construct_mapping(node, deep=deep)


# `off`, `on`, `yes` and `no` are words here, as they are for DVC, which reads params.yaml by
# YAML 1.2: `scenario: off` is the name of a scenario. Only `true` and `false` are truth values.
_BOOL = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL]
    for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile("^(?:true|false|True|False)$"), list("tTfF"))


def section(name: str, kind: type[T], path: Path = paths.PARAMS) -> T:
    """Return one section of params.yaml as `kind`.

    Raises ParamsError for an unknown section in the file, for a missing one, and for any key or
    value that `kind` does not allow.
    """
    whole = mapping(path)
    unknown = [key for key in whole if key not in SECTIONS]
    if unknown:
        hint = _nearest(str(unknown[0]), SECTIONS)
        raise ParamsError(
            f"{path}: unknown section `{unknown[0]}`{hint}; the sections are {', '.join(SECTIONS)}"
        )
    if name not in whole:
        raise ParamsError(
            f"{path}: section `{name}` is missing; add it "
            "(the committed params.yaml shows every section)"
        )
    return _validate(whole[name], kind, str(path), (name,))


def document(kind: type[T], path: Path) -> T:
    """Return a whole YAML file (a product, a law profile, the world's numbers) as `kind`.

    Raises ParamsError like `section`.
    """
    return typed_content(mapping(path), kind, path)


def typed_content(content: Mapping[str, Any], kind: type[T], path: Path) -> T:
    """Return the content of the YAML file `path` as `kind`. Raises ParamsError like `section`."""
    return _validate(content, kind, str(path), ())


def changed_text(changes: Mapping[str, Any], path: Path = paths.PARAMS) -> str:
    """Return the text of params.yaml with values replaced; its comments stay.

    Each value is named by its dotted path (`world.applicants`). It is checked when a stage reads
    it. Raises ParamsError for a path that the file does not have.
    """
    whole = mapping(path)
    for dotted in changes:
        *above, last = dotted.split(".")
        at: Any = whole
        for key in above:
            at = at.get(key) if isinstance(at, dict) else None
        if dotted in GONE:
            raise ParamsError(f"{path}: `{dotted}` is no longer a parameter: {GONE[dotted]}")
        if not isinstance(at, dict) or last not in at:
            raise ParamsError(
                f"{path}: no parameter `{dotted}` to change; "
                "expected a dotted path such as world.applicants"
            )
    paths_of = {tuple(dotted.split(".")): value for dotted, value in changes.items()}
    return replaced(path.read_text(encoding="utf-8"), paths_of)


def parse_value(text: str) -> Any:
    """Return a value as YAML reads it.

    >>> [parse_value(text) for text in ("6000", "0.5", "false", "S5", "off")]
    [6000, 0.5, False, 'S5', 'off']
    """
    return yaml.load(text, _Loader)  # noqa: S506  _Loader is a SafeLoader


def mapping(path: Path) -> dict[str, Any]:
    """Return the keys and values of a YAML file, not yet validated.

    Raises ParamsError for a file that is not there, is not YAML or holds no mapping.
    """
    if not path.is_file():
        raise ParamsError(
            f"{path}: no such file; run from the root of the repository, where params.yaml is"
        )
    with path.open(encoding="utf-8") as text:
        try:
            whole = yaml.load(text, _Loader)  # noqa: S506  _Loader is a SafeLoader
        except yaml.YAMLError as error:
            raise ParamsError(f"{path}: not YAML: {error}") from error
    if not isinstance(whole, dict):
        raise ParamsError(f"{path}: expected a mapping of keys to values, got {_shown(whole)}")
    return whole


def _validate(value: Any, kind: type[T], where: str, at: tuple[str, ...]) -> T:
    # Validation is strict at every depth and ignores no key. This holds for every type that is
    # read.
    # Validate as JSON: only from JSON does pydantic's strict mode accept a list for a tuple and a
    # text for a date.
    text = json.dumps(value, default=str)
    lines = [
        f"{path}: expected: a finite number, got {number}; write one"
        for path, number in _not_finite(value, at)
    ]
    if lines:
        raise ParamsError("\n".join(f"{where}: {line}" for line in lines))
    # Loaded here: a command that only shows a value does not wait for what checks types.
    from pydantic import ValidationError

    try:
        # A class is hashable, which its type does not say.
        known: Any = kind
        adapter: TypeAdapter[T] = _adapter(known)
        return adapter.validate_json(text, strict=True, extra="forbid")
    except ValidationError as error:
        lines = [_line(dict(problem), kind, at) for problem in error.errors(include_url=False)]
    raise ParamsError("\n".join(f"{where}: {line}" for line in lines))


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    # Kept: making it reads the annotations of every type below, longer than validating takes.
    return TypeAdapter(kind)


def _not_finite(value: Any, at: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    """Yield path and number of every NaN and infinity in the content of a YAML file.

    No bound refuses them: every comparison with NaN is false.
    """
    if isinstance(value, float) and not math.isfinite(value):
        yield ".".join(at) or "(whole file)", value
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _not_finite(inner, (*at, str(key)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _not_finite(inner, (*at, str(number)))


def _line(problem: Mapping[str, Any], kind: Any, at: tuple[str, ...]) -> str:
    """Return a problem as `path: expected ..., got ...`; for a wrong key name the nearest key."""
    loc = problem["loc"]
    path = ".".join(str(part) for part in (*at, *loc)) or "(whole file)"
    got = _shown(problem["input"])
    if problem["type"] == "unexpected_keyword_argument" and path in GONE:
        return f"{path}: no longer a parameter: {GONE[path]}; take the line out, got {got}"
    if problem["type"] == "unexpected_keyword_argument":
        known = _keys(kind, loc[:-1])
        hint = _nearest(str(loc[-1]), known)
        return f"{path}: unknown key{hint}; expected one of {', '.join(known)}, got {got}"
    if problem["type"] == "missing":
        return f"{path}: missing; expected this key, got {got}; add it"
    return f"{path}: expected: {problem['msg']}, got {got}{_number_hint(problem['input'])}"


def _keys(kind: Any, loc: tuple[Any, ...]) -> tuple[str, ...]:
    """Return the keys allowed at `loc` below `kind`; () if the type there has no keys."""
    for part in loc:
        if dataclasses.is_dataclass(kind):
            kind = typing.get_type_hints(kind).get(str(part))
        else:
            # `tuple[X, ...]`, `dict[str, X]` and `X | None`: X is the last argument that is a type.
            arguments = typing.get_args(kind)
            inner = [arg for arg in arguments if arg is not Ellipsis and arg is not type(None)]
            kind = inner[-1] if inner else None
    if not dataclasses.is_dataclass(kind):
        # An optional dataclass: look through the union.
        kind = next((arg for arg in typing.get_args(kind) if dataclasses.is_dataclass(arg)), None)
    return tuple(field.name for field in dataclasses.fields(kind)) if kind is not None else ()


def _nearest(key: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f" (did you mean `{close[0]}`?)" if close else ""


def _shown(value: Any) -> str:
    text = repr(value)
    if len(text) > SHOWN_CHARACTERS:
        text = text[: SHOWN_CHARACTERS - 3] + "..."
    return f"{type(value).__name__} {text}"


def _number_hint(value: Any) -> str:
    """Say how to write a number that YAML reads as text (1e-3); "" for any other value."""
    try:
        # `float` fails for text that is not a number. A value that is not text needs no hint: "no"
        # stands for it, and `float` fails too.
        float(value if isinstance(value, str) else "no")
    except ValueError:
        return ""
    return "; write numbers without quotes and with a point before e, as 1.0e-3"
