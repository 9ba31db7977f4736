"""What would help a person: the hint of each concept that is a reason (S1-R46, S1-R48, S1-R49)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..base.catalogue import Catalogue
from .text import Language


def hints(
    catalogue: Catalogue, reasons: Sequence[Mapping[str, Any]], language: Language
) -> list[dict[str, str]]:
    """Return {concept, text} of the reasons that have a hint, in their order.

    `reasons` are those of one decision. A concept without a hint is left out: contacts have none,
    as advice to find other friends would ask to game the score (S1-R47).
    """
    texts = {c.id: c.hint_zh if language == "zh" else c.hint_en for c in catalogue.concepts}
    told = [(str(reason["concept"]), texts.get(str(reason["concept"]), "")) for reason in reasons]
    return [{"concept": concept, "text": text} for concept, text in told if text]
