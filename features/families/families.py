"""The families in the order of the matrix. A new family is one more module in this list."""

from __future__ import annotations

from ..declare.declarations import Family
from . import assets, bureau, device_stability, identity, payment_flow, social_graph

FAMILIES: tuple[Family, ...] = (
    payment_flow.FAMILY,
    social_graph.FAMILY,
    assets.FAMILY,
    device_stability.FAMILY,
    bureau.FAMILY,
    identity.FAMILY,
)
# What asks for the features of a concept that name no source of their own.
SOURCE_OF_CONCEPT = {
    concept.id: concept.source for family in FAMILIES for concept in family.concepts
}
# Prefix of a feature's name to the name of its family.
FAMILY_OF_PREFIX = {family.prefix: family.name for family in FAMILIES}
