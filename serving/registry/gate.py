"""Decide whether a version may be champion, by observable out-of-time figures alone.

The synthetic truth is never read. The first champion passes the absolute gate. A later one passes
it too, and must not rank clearly worse than the champion it replaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from creditloom.serving.registry.errors import RegistryError


@dataclass(frozen=True)
class GateParams:
    """Thresholds, inclusive.

    `min_auc` is the AUC out-of-time on booked loans, `max_auc_loss` what may be lost against the
    champion in place. `min_calibration_p` is two-sided, for the calibration in the large on booked
    loans weighted to the door; its variance holds draws, control band, calibration and macro
    (domain 0.7). `min_group_p` is the least p-value of a group there, adjusted by Holm, with the
    level aligned. `rivals` are those that a champion must not rank below on booked loans: the upper
    end of the paired interval of its AUC less theirs reaches `min_rival_delta`. A lender without an
    earlier scorecard leaves `incumbent` out.
    """

    min_auc: float
    max_auc_loss: float
    min_calibration_p: float
    min_group_p: float
    min_rival_delta: float
    rivals: tuple[Literal["ridge", "incumbent"], ...]


@dataclass(frozen=True)
class RegistryParams:
    """`registry` in params.yaml: the model's registered name and the gate before `champion`."""

    name: str
    gate: GateParams


@dataclass(frozen=True)
class Measured:
    """The observable figures of one version; None where the evaluation could not measure one.

    ridge_delta_high, incumbent_delta_high: upper end of the paired 95 % interval of the AUC less
    that of the rival, on booked loans.
    """

    auc: float | None = None
    calibration_p: float | None = None
    group_p: float | None = None
    ridge_delta_high: float | None = None
    incumbent_delta_high: float | None = None

    @classmethod
    def of(cls, metrics: Mapping[str, Any]) -> Measured:
        """Read the figures from metrics.json; a key that is not there is None."""
        observed = metrics.get("observable", {})
        weighted = observed.get("weighted", {})
        groups = metrics.get("group_calibration", {}).get("booked", {})
        highs = {entry["id"]: entry.get("high") for entry in metrics.get("duels", ())}
        return cls(
            auc=observed.get("auc_oot"),
            calibration_p=weighted.get("calibration_in_the_large_p"),
            group_p=groups.get("worst_shape", {}).get("p"),
            ridge_delta_high=highs.get("ridge_booked"),
            incumbent_delta_high=highs.get("incumbent_booked"),
        )

    def figures(self) -> dict[str, float]:
        """Return the measured figures by name, as MLflow keeps them for a run."""
        measured = {key: value for key, value in asdict(self).items() if value is not None}
        return {f"observable.{key}": float(value) for key, value in measured.items()}

    def tags(self) -> dict[str, str]:
        """Return the figures as tags of the registered version."""
        # repr keeps every digit of a float, so that reading it back gives the same number.
        return {key: repr(value) for key, value in self.figures().items()}

    @classmethod
    def of_tags(cls, tags: Mapping[str, str]) -> Measured:
        """Read the figures back from the tags of a registered version."""
        texts = {name: tags.get(f"observable.{name}") for name in cls.__dataclass_fields__}
        return cls(**{name: None if text is None else float(text) for name, text in texts.items()})


@dataclass(frozen=True)
class SameRows:
    """AUC of version `champion` on the very rows by which a later version was measured.

    `creditloom retrain` judges both on the same young loans. An AUC of other months would be
    another figure.
    """

    champion: int
    auc: float

    def tags(self) -> dict[str, str]:
        """Return the figure as tags of the later version."""
        return {f"same_rows.{key}": repr(value) for key, value in asdict(self).items()}

    @classmethod
    def of_tags(cls, tags: Mapping[str, str]) -> SameRows | None:
        """Read it back from the tags of a version; None where nothing was measured so."""
        if "same_rows.champion" not in tags:
            return None
        return cls(int(tags["same_rows.champion"]), float(tags["same_rows.auc"]))


def shortfalls(measured: Measured, gate: GateParams) -> tuple[str, ...]:
    """Return what keeps these figures from the absolute gate, one line each; () passes.

    A figure that is not there does not pass.
    """
    of_rival = {
        "ridge": measured.ridge_delta_high,
        "incumbent": measured.incumbent_delta_high,
    }
    against = (
        _below(
            f"AUC less that of the {name}, upper end of its interval (booked loans)",
            of_rival[name],
            gate.min_rival_delta,
        )
        for name in gate.rivals
    )
    lines = (
        _below("AUC out-of-time (booked loans)", measured.auc, gate.min_auc),
        _below(
            "calibration in the large, p (booked loans weighted to the door)",
            measured.calibration_p,
            gate.min_calibration_p,
        ),
        _below(
            "calibration of groups, least p (booked loans weighted to the door)",
            measured.group_p,
            gate.min_group_p,
        ),
        *against,
    )
    return tuple(line for line in lines if line)


def behind(measured: Measured, champion: Measured, gate: GateParams) -> tuple[str, ...]:
    """Return what makes these figures clearly worse than the champion's; () when they are not.

    A champion whose AUC is not known has nothing to compare with: ().
    """
    if champion.auc is None:
        return ()
    least = champion.auc - gate.max_auc_loss
    label = f"AUC out-of-time (champion {champion.auc:.4f} less {gate.max_auc_loss:g})"
    line = _below(label, measured.auc, least)
    return (line,) if line else ()


def require(lines: tuple[str, ...], who: str) -> None:
    """Raise RegistryError with the shortfalls of version `who`, if there are any."""
    if lines:
        raise RegistryError.of(
            "The version does not pass the gate before `champion`",
            where=who,
            expected="every observable figure within `registry.gate` of params.yaml",
            got="; ".join(lines),
            next_step="train a better model, or change the gate in params.yaml and say why in its "
            "comment",
        )


def _below(label: str, value: float | None, least: float) -> str:
    """Return the line for a figure below its bound; "" where the figure reaches it."""
    if value is not None and value >= least:
        return ""
    shown = "not measured" if value is None else f"{value:.4f}"
    return f"{label} is {shown}, at least {least:.4f}"
