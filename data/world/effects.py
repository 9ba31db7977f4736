"""From concept states to what they do to the log-odds: straight lines, saturation, thresholds and interactions (domain 0.3, 0.14).

`lines` and `bends` are n x concepts in units of the family state, + is safer; `lines + nu * bends` is the effect of each concept and
its sum over a family the family's effect. Bends carry no beta of their own: a family without weight bends nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from data.world.nature import Nature
from data.world.params import WorldError
from data.world.people import People, concept_weights, family_rows

THIN_FILE = "thin_file"


@dataclass(frozen=True)
class Effects:
    """Straight and bent effect of each concept, n x concepts."""

    lines: np.ndarray
    bends: np.ndarray


def effects(nature: Nature, people: People) -> Effects:
    """Effects of every concept of every applicant."""
    weights = concept_weights(nature).sum(axis=1)
    raw = people.concepts @ concept_weights(nature)
    scale = weights / raw.std(axis=0)[family_rows(nature)]
    bends = scale * (_saturation(nature, people.concepts) + _steps(nature, people.concepts))
    return Effects(lines=people.concepts * scale, bends=bends + _interactions(nature, people))


def _saturation(nature: Nature, states: np.ndarray) -> np.ndarray:
    """Beyond one SD on either side a state does less; `nu x saturation` stays below one, so that better never turns into worse."""
    return -nature.effects.saturation * (np.maximum(states - 1.0, 0.0) - np.maximum(-states - 1.0, 0.0))


def _steps(nature: Nature, states: np.ndarray) -> np.ndarray:
    """A source's threshold: below it the worst share of people lose `step_size`, or above it the best share gain it."""
    steps = np.zeros_like(states)
    for column, concept in enumerate(nature.concepts):
        if concept.step_size > 0:
            steps[:, column] = -concept.step_size * (states[:, column] < ndtri(concept.step_share))
        elif concept.step_size < 0:
            steps[:, column] = -concept.step_size * (states[:, column] > ndtri(1.0 - concept.step_share))
    return steps


def _interactions(nature: Nature, people: People) -> np.ndarray:
    """The weak halves of two states multiply; each of the two concepts carries half, a thin file leaves all to the other.

    A half counts up to `weak_limit` SD: without it the product's tail, not the states, made the oracle's AUC (.83 for .79).
    """
    out = np.zeros_like(people.concepts)
    columns = {concept.id: column for column, concept in enumerate(nature.concepts)}
    for pair in nature.effects.interactions:
        unknown = {pair.first, pair.second} - set(columns) - {THIN_FILE}
        if unknown:
            raise WorldError.of("Unknown concept in an interaction", where="world.yaml effects.interactions", expected=", ".join(columns),
                                got=", ".join(sorted(unknown)), next_step="name concepts of world.yaml")  # fmt: skip
        weak = np.clip(-people.concepts[:, columns[pair.first]], 0.0, nature.effects.weak_limit)
        if pair.second == THIN_FILE:
            out[:, columns[pair.first]] -= pair.size * weak * people.is_thin
            continue
        both = pair.size * weak * np.clip(-people.concepts[:, columns[pair.second]], 0.0, nature.effects.weak_limit)
        out[:, columns[pair.first]] -= both / 2.0
        out[:, columns[pair.second]] -= both / 2.0
    return out
