"""A product's admission criteria: hard ones refuse, soft ones give points, and what is not known is said (domain 3, C15)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .case import Case
from .condition import Criterion
from .fired import Fired

UNKNOWN_EN, UNKNOWN_ZH = ": not known", "：未知"


@dataclass(frozen=True)
class Assessed:
    """What one criterion found, per application: not met, or not known. Where it does not apply (`only_if`) it is neither."""

    criterion: Criterion
    is_failed: np.ndarray
    is_unknown: np.ndarray


def assessed(case: Case) -> tuple[Assessed, ...]:
    """Every criterion of the product on every application."""
    return tuple(_assess(case, criterion) for criterion in case.product.admission)


def refusing(criteria: tuple[Assessed, ...]) -> list[Fired]:
    """Hard criteria that are not met, and those not known where that does not let pass."""
    hard = [(found.criterion, found) for found in criteria if found.criterion.soft_points is None]
    failed = [Fired(c.code, "refuse", c.text_en, c.text_zh, found.is_failed) for c, found in hard]
    unknown = [
        Fired(c.code, c.if_unknown, c.text_en + UNKNOWN_EN, c.text_zh + UNKNOWN_ZH, found.is_unknown)
        for c, found in hard
        if c.if_unknown != "pass"
    ]
    return [*failed, *unknown]


def unmet(criteria: tuple[Assessed, ...], is_adverse: np.ndarray) -> list[Fired]:
    """Soft criteria that are not met: a reason where the decision is adverse, never its cause."""
    soft = [(found.criterion, found) for found in criteria if found.criterion.soft_points is not None]
    return [Fired(c.code, None, c.text_en, c.text_zh, found.is_failed & is_adverse) for c, found in soft]


def passed_unknown(criteria: tuple[Assessed, ...]) -> list[Fired]:
    """Criteria that let pass what is not known: they were not assessed, and the decision says so."""
    lenient = [(f.criterion, f) for f in criteria if f.criterion.if_unknown == "pass" or f.criterion.soft_points is not None]
    return [Fired(c.code, None, c.text_en, c.text_zh, found.is_unknown) for c, found in lenient]


def _assess(case: Case, criterion: Criterion) -> Assessed:
    meets = case.meets(criterion)
    applies = np.ones(len(meets), dtype=bool) if criterion.only_if is None else case.is_true(criterion.only_if)
    return Assessed(criterion, applies & (meets == 0), applies & np.isnan(meets))
