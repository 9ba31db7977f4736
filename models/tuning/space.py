"""What is searched: settings of the learners by their dotted path below `train`, with bounds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from creditloom.models.sample.errors import ModelError
from creditloom.models.training.training import TrainParams

# Significant digits of a value that is tried, so that it can be committed as it was tried.
DIGITS = 3
# The factor of a list of values that stays as it is.
UNCHANGED = 1.0

# What one trial sets. table: dotted path -> value; of a list, the factor of each of its values
Point = dict[str, float]


@dataclass(frozen=True)
class TuneParams:
    """The `tune` block.

    trials: of the journal; those of earlier runs count. minutes: of a whole run. processes: that
    judge trials side by side. seed: of the sampler.
    space: lowest and highest value by dotted path below `train`, drawn on a log scale. A whole
    number stays whole. A list of penalties is multiplied by a factor between the bounds.
    """

    trials: int
    minutes: float
    processes: int
    seed: int
    space: dict[str, tuple[float, float]]


def given_point(given: TrainParams, space: Mapping[str, tuple[float, float]]) -> Point:
    """Return the point of the given parameters.

    Raise ModelError for a path that `train` does not have, and for bounds that no logarithm takes.
    """
    point = {}
    for path, (low, high) in space.items():
        if not 0 < low < high:
            raise ModelError(
                f"tune.space.{path}: expected 0 < lowest < highest, as values are drawn on a log "
                f"scale; got [{low:g}, {high:g}]. Change params.yaml."
            )
        value = _value_at(given, path)
        point[path] = UNCHANGED if isinstance(value, tuple) else value
    return point


def widened(
    point: Point, space: Mapping[str, tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    """Return the bounds, widened where the given point lies outside: it is the first trial.

    >>> widened({"a": 5}, {"a": (1, 4)})
    {'a': (1, 5)}
    """
    return {
        path: (min(low, point[path]), max(high, point[path])) for path, (low, high) in space.items()
    }


def with_point(given: TrainParams, point: Mapping[str, float]) -> TrainParams:
    """Return the parameters with the values of a point in their places."""
    params: Any = given
    for path, value in point.items():
        params = _replaced(params, path.split("."), value)
    changed: TrainParams = params
    return changed


def changed_values(given: TrainParams, best: TrainParams, paths: Iterable[str]) -> dict[str, Any]:
    """Return by dotted path below `train` what differs from the given parameters."""
    values = {path: _value_at(best, path) for path in paths}
    return {path: value for path, value in values.items() if value != _value_at(given, path)}


def block(values: Mapping[str, Any]) -> str:
    """Return the values as the YAML block of `train` that one commits.

    >>> print(block({"booster.lambda_l2": 3.0, "additive.penalties": (10.0, 1.0)}))
    train:
      booster:
        lambda_l2: 3.0
      additive:
        penalties: [10.0, 1.0]
    """
    lines = ["train:"]
    above: list[str] = []
    for path, value in values.items():
        *parents, name = path.split(".")
        # Keys that the value before has written stand already.
        shared = next(
            (k for k, pair in enumerate(zip(parents, above, strict=False)) if len(set(pair)) > 1),
            min(len(parents), len(above)),
        )
        for depth in range(shared, len(parents)):
            lines.append(f"{'  ' * (depth + 1)}{parents[depth]}:")
        lines.append(f"{'  ' * (len(parents) + 1)}{name}: {shown(value)}")
        above = parents
    return "\n".join(lines)


def shown(value: Any) -> str:
    """Return a value as YAML writes it."""
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


def short(value: float) -> float:
    """Return a float of three significant digits; a whole number as it is.

    >>> short(0.0123456), short(120)
    (0.0123, 120)
    """
    return value if isinstance(value, int) else float(f"{value:.{DIGITS}g}")


def _value_at(params: Any, path: str) -> Any:
    at = params
    for key in path.split("."):
        if not dataclasses.is_dataclass(at) or key not in vars(at):
            raise ModelError(
                f"tune.space.{path}: `train` of params.yaml has no such parameter; expected a "
                "dotted path such as booster.learning_rate. Correct it or remove the line."
            )
        at = getattr(at, key)
    is_number = isinstance(at, int | float) and not isinstance(at, bool)
    if not is_number and not isinstance(at, tuple):
        raise ModelError(
            f"tune.space.{path}: expected a number or a list of numbers in `train`, got {at}. "
            "Correct the path or remove the line."
        )
    return at


def _replaced(params: Any, keys: list[str], value: float) -> Any:
    key, *deeper = keys
    old = getattr(params, key)
    if deeper:
        return dataclasses.replace(params, **{key: _replaced(old, deeper, value)})
    if isinstance(old, tuple):
        new: Any = old if value == UNCHANGED else tuple(short(value * one) for one in old)
    else:
        new = int(value) if isinstance(old, int) else value
    return dataclasses.replace(params, **{key: new})
