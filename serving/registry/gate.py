"""What a version must show before it may be champion: observable out-of-time figures only, never the synthetic truth.

The first champion passes the absolute gate. A later one passes it too and must not rank clearly worse than the champion it replaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from creditloom.serving.registry.errors import RegistryError


@dataclass(frozen=True)
class GateParams:
    """Thresholds, inclusive: AUC out-of-time on booked loans, and calibration in the large on booked loans weighted to the door."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    min_auc: float
    max_auc_loss: float  # against the champion in place
    min_calibration_p: float  # two-sided; its variance holds draws, control band, calibration and macro (domain 0.7)


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
    calibration_p: float | None

    @classmethod
    def of(cls, metrics: Mapping[str, Any]) -> Measured:
        """Read the figures from metrics.json; a key that is not there is None."""
        observed = metrics.get("observable", {})
        return cls(
            observed.get("auc_oot"), observed.get("weighted", {}).get("calibration_in_the_large_p")
        )

    def figures(self) -> dict[str, float]:
        """The figures that were measured, by name: what MLflow keeps as the run's metrics."""
        return {
            f"observable.{key}": float(value)
            for key, value in asdict(self).items()
            if value is not None
        }

    def tags(self) -> dict[str, str]:
        """The figures as tags of the registered version."""
        return {key: repr(value) for key, value in self.figures().items()}

    @classmethod
    def of_tags(cls, tags: Mapping[str, str]) -> Measured:
        """Read the figures back from the tags of a registered version."""
        return cls(
            *(
                float(tags[key]) if (key := f"observable.{name}") in tags else None
                for name in cls.__dataclass_fields__
            )
        )


def shortfalls(measured: Measured, gate: GateParams) -> tuple[str, ...]:
    """What keeps these figures from the absolute gate, one line each; () passes. A figure that is not there does not pass."""
    return tuple(
        line
        for line in (
            _line(
                "AUC out-of-time (booked loans)",
                measured.auc,
                "at least",
                gate.min_auc,
                _at_least(measured.auc, gate.min_auc),
            ),
            _line(
                "calibration in the large, p (booked loans weighted to the door)",
                measured.calibration_p,
                "at least",
                gate.min_calibration_p,
                _at_least(measured.calibration_p, gate.min_calibration_p),
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


def _line(label: str, value: float | None, words: str, bound: float, passes: bool) -> str:
    return (
        ""
        if passes
        else f"{label} is {'not measured' if value is None else f'{value:.4f}'}, {words} {bound:.4f}"
    )
