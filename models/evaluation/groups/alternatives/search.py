"""Search alternatives one after the other, with a journal, and say what was found."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from creditloom.models.evaluation.groups.alternatives.change import ModelChange
from creditloom.models.evaluation.groups.alternatives.journal import AlternativeJournal
from creditloom.models.evaluation.groups.alternatives.judging import AlternativeJudge
from creditloom.models.evaluation.groups.alternatives.proposals import JudgedChange, Proposals
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.errors import ModelError

# Characters of a digest: enough to tell a person's searches apart.
DIGEST_CHARACTERS = 16


@dataclass(frozen=True)
class AlternativeSearch:
    """One search. models: alternatives in all, the given model among them.

    deadline: on the clock of time.monotonic. tell: gets a line for each alternative.
    """

    judge: AlternativeJudge
    proposals: Proposals
    models: int
    deadline: float = np.inf
    tell: Callable[[str], object] = str

    def run(self, journal: AlternativeJournal) -> None:
        """Judge what the journal does not hold yet, until all are there or time is up."""
        given: Floats | None = None
        for ordinal in range(self.models):
            if ordinal in journal.judged:
                continue
            if time.monotonic() >= self.deadline:
                return
            if given is None:
                given = self.judge.margins(ModelChange())
            self._try(ordinal, given, journal)

    def _try(self, ordinal: int, given: Floats, journal: AlternativeJournal) -> None:
        begin = time.process_time()
        change = self.proposals.proposal(ordinal, journal.judged)
        margin = given if change == ModelChange() else self.judge.margins(change)
        figures = self.judge.figures(change, margin, given)
        journal.add(JudgedChange(ordinal, change, figures))
        seconds = time.process_time() - begin
        shown = f"AUC {figures.auc:.4f} ({figures.auc_delta:+.4f}), gap {figures.gap:.4f}"
        which = f"model {ordinal + 1} of {self.models}"
        self.tell(f"{which}: {shown}, {seconds:.1f} CPU s; {change.words}")


def digest_of(judge: AlternativeJudge, proposals: Proposals) -> str:
    """Return a name of what is searched on: other rows, columns or settings, another journal."""
    rows = judge.rows
    learner = judge.learner
    told = (learner.params, learner.trees, judge.passed, proposals)
    digest = hashlib.sha256(repr(told).encode())
    arrays = (
        rows.features,
        rows.label,
        rows.taught_weight,
        rows.learnt_weight,
        rows.door_weight,
        rows.is_group,
        rows.is_reference,
        rows.is_thin,
        rows.fold,
    )
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:DIGEST_CHARACTERS]


def widest_columns(judge: AlternativeJudge) -> tuple[str, ...]:
    """Return the columns in the order in which they tell the groups' goods apart.

    Each is judged by the difference of the two groups' mean ranks, null as the middle. Labels
    only say who is good; nothing of the margins enters. Raise ModelError for a group without goods.
    """
    rows = judge.rows
    is_good = rows.label == 0
    sides = (is_good & rows.is_group, is_good & rows.is_reference)
    for side, name in zip(sides, ("--group", "--against"), strict=True):
        if not side.any():
            raise ModelError(
                f"The search has no good loan of {name} among {len(rows.label)} labelled ones. "
                "Name groups that the training months hold."
            )
    learner = judge.learner
    scale = learner.scale
    wide = []
    for k, name in enumerate(learner.columns.names):
        ranks = np.nan_to_num(scale.ranks(rows.features, k) - np.float32(0.5))
        of_group, of_others = (
            float(np.average(ranks[side], weights=rows.door_weight[side])) for side in sides
        )
        # By place where two columns tell as much, so that the order is one.
        wide.append((-abs(of_group - of_others), k, name))
    return tuple(name for _, _, name in sorted(wide))
