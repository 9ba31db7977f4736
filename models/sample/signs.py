"""The sign that the effect of each feature must have."""

from __future__ import annotations

from creditloom.decision.base.catalogue import Catalogue


def signs_of(catalogue: Catalogue, names: tuple[str, ...]) -> tuple[int, ...]:
    """Return the sign of each named feature: +1 more is riskier, -1 more is safer, 0 free."""
    direction = {feature.name: feature.direction for feature in catalogue.features}
    return tuple(direction[name] for name in names)
