"""What a version must show before it may be champion: observable out-of-time figures only, never the synthetic truth.

The first champion passes the absolute gate. A later one passes it too and must not rank clearly worse than the champion it replaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from models.registry.errors import RegistryError


@dataclass(frozen=True)
class GateParams:
    """Thresholds, inclusive. `auc` is out-of-time on booked loans; `slope` is that of the calibration test (1 = right)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    min_auc: float
    max_auc_loss: float  # against the champion in place
    max_calibration_error: float  # |mean PD / bad rate - 1|


@dataclass(frozen=True)
class RegistryParams:
    """`registry` in params.yaml: the registered model's name and the gate before the alias `champion`."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    name: str
    gate: GateParams


@dataclass(frozen=True)
class Measured:
    """The observable figures of one version. None where the evaluation could not measure one."""

    auc: float | None
    mean_pd: float | None
    bad_rate: float | None

    @classmethod
    def of(cls, metrics: Mapping[str, Any]) -> Measured:
        """Read the figures from metrics.json; a key that is not there is None."""
        observed = metrics.get("observable", {})
        return cls(observed.get("auc_oot"), observed.get("mean_pd"), observed.get("bad_rate"))

    @property
    def calibration_error(self) -> float | None:
        """|mean PD / bad rate - 1|; None without either figure or without a bad."""
        if self.mean_pd is None or not self.bad_rate:
            return None
        return abs(self.mean_pd / self.bad_rate - 1)

    def figures(self) -> dict[str, float]:
        """The figures that were measured, by name: what MLflow keeps as the run's metrics."""
        return {f"observable.{key}": float(value) for key, value in asdict(self).items() if value is not None}

    def tags(self) -> dict[str, str]:
        """The figures as tags of the registered version."""
        return {key: repr(value) for key, value in self.figures().items()}

    @classmethod
    def of_tags(cls, tags: Mapping[str, str]) -> Measured:
        """Read the figures back from the tags of a registered version."""
        return cls(*(float(tags[key]) if (key := f"observable.{name}") in tags else None for name in cls.__dataclass_fields__))


def shortfalls(measured: Measured, gate: GateParams) -> tuple[str, ...]:
    """What keeps these figures from the absolute gate, one line each; () passes. A figure that is not there does not pass."""
    return tuple(
        line
        for line in (
            _line("AUC out-of-time (booked loans)", measured.auc, "at least", gate.min_auc, _at_least(measured.auc, gate.min_auc)),
            _line(
                "calibration error |mean PD / bad rate - 1|",
                measured.calibration_error,
                "at most",
                gate.max_calibration_error,
                _at_most(measured.calibration_error, gate.max_calibration_error),
            ),
        )
        if line
    )


def behind(measured: Measured, champion: Measured, gate: GateParams) -> tuple[str, ...]:
    """What makes these figures clearly worse than the champion's; () when they are not, or when the champion has none to compare."""
    if champion.auc is None:
        return ()
    least = champion.auc - gate.max_auc_loss
    label = f"AUC out-of-time (champion {champion.auc:.4f} less {gate.max_auc_loss:g})"
    line = _line(label, measured.auc, "at least", least, _at_least(measured.auc, least))
    return (line,) if line else ()


def require(lines: tuple[str, ...], who: str) -> None:
    """RegistryError that lists the shortfalls of version `who`, if there are any."""
    if lines:
        raise RegistryError.of(
            "The version does not pass the gate before `champion`",
            where=who,
            expected="every observable figure within `registry.gate` of params.yaml",
            got="; ".join(lines),
            next_step="train a better model, or change the gate in params.yaml and say why in its comment",
        )


def _at_least(value: float | None, least: float) -> bool:
    return value is not None and value >= least


def _at_most(value: float | None, most: float) -> bool:
    return value is not None and value <= most


def _line(label: str, value: float | None, words: str, bound: float, passes: bool) -> str:
    return "" if passes else f"{label} is {'not measured' if value is None else f'{value:.4f}'}, {words} {bound:.4f}"
