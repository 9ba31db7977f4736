"""Search the settings of the learner: the same trials however often it is stopped.

A trial is proposed from the trials before it but for the last few. So it does not matter in which
order those end, how many processes judge them, or when a run is killed: trial 17 is always the
same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from creditloom.models.sample.errors import ModelError
from creditloom.models.training.training import TrainParams
from creditloom.models.tuning.journal import TrialJournal, TrialRecord, distributions, frozen
from creditloom.models.tuning.space import Point, short, with_point
from creditloom.models.tuning.workers import EndedTask, TrialTask, Workers

# A trial is proposed from those that lie so many before it, and so many may run side by side.
LAG = 8
# Trials that run to their end before any is given up: it is compared with their median.
FULL_TRIALS = 5


@dataclass(frozen=True)
class Search:
    """One search. space: bounds that hold the point. deadline: on the clock of time.monotonic."""

    given: TrainParams
    point: Point
    bounds: Mapping[str, tuple[float, float]]
    seed: int
    trials: int
    deadline: float = np.inf
    tell: Callable[[str], object] = str
    running: dict[int, Point] = field(default_factory=dict)

    def run(self, journal: TrialJournal, workers: Workers) -> None:
        """Judge the trials that the journal does not hold yet, until all are there or time is up.

        A trial that the deadline cuts leaves no trace: a later run judges it from the start.
        Raise ModelError where a trial is refused.
        """
        while True:
            self._start_all(journal, workers)
            if not self.running or time.monotonic() >= self.deadline:
                return
            for done in workers.ended(self.deadline):
                self._keep(done, journal)

    def _start_all(self, journal: TrialJournal, workers: Workers) -> None:
        """Begin as many trials as may begin now."""
        records = {record.ordinal: record for record in journal.records}
        waiting = (k for k in range(self.trials) if k not in records and k not in self.running)
        for ordinal in waiting:
            earlier = range(max(0, ordinal - LAG + 1))
            is_ready = all(k in records for k in earlier)
            if not workers.free or not is_ready or not self._has_time(records):
                return
            known = [records[k] for k in earlier]
            point = self.proposal(ordinal, known)
            self.running[ordinal] = point
            params = with_point(self.given, point)
            workers.start(TrialTask(ordinal, params, give_up_limits(known)))

    def _has_time(self, records: Mapping[int, TrialRecord]) -> bool:
        """Return whether a trial that begins now can end before the deadline."""
        full = [record.seconds for record in records.values() if not record.is_given_up]
        # The fastest so far: what is not even time enough for it is left.
        return time.monotonic() + min(full, default=0.0) < self.deadline

    def proposal(self, ordinal: int, known: Sequence[TrialRecord]) -> Point:
        """Return the point of a trial; the first is the given one.

        known: all trials that lie `LAG` before it or more.
        """
        import optuna

        if ordinal == 0:
            return self.point
        ranges = distributions(self.bounds, self.point)
        # Each trial has a seed of its own, so that it does not hang on the draws of the others.
        state = np.random.SeedSequence([self.seed, ordinal]).generate_state(1)
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=int(state[0])))
        study.add_trials([frozen(record, ranges) for record in known])
        drawn = study.ask(ranges).params
        # Within the bounds after rounding, too.
        return {
            path: min(max(short(value), self.bounds[path][0]), self.bounds[path][1])
            for path, value in drawn.items()
        }

    def _keep(self, done: EndedTask, journal: TrialJournal) -> None:
        ordinal = done.task.ordinal
        record = TrialRecord(
            ordinal=ordinal,
            point=self.running.pop(ordinal),
            losses=done.judged.losses,
            is_given_up=done.judged.is_given_up,
            seconds=round(done.seconds, 3),
        )
        journal.add(record, done.judged.margins)
        end = "given up" if record.is_given_up else f"log-loss {record.loss:.5f}"
        # None is given up before some have ended, so there is one.
        least = min(one.loss for one in journal.records if not one.is_given_up)
        self.tell(
            f"trial {ordinal + 1} of {self.trials}: {end}, {record.seconds:.0f} s; "
            f"best so far {least:.5f}"
        )


def give_up_limits(known: Sequence[TrialRecord]) -> tuple[float, ...]:
    """Return after each origin the median loss of the trials known; () while they are few."""
    full = [record.losses for record in known if not record.is_given_up]
    if len(full) < FULL_TRIALS:
        return ()
    return tuple(np.median(np.array(full), axis=0).tolist())


def best_of(records: Sequence[TrialRecord]) -> TrialRecord:
    """Return the trial with the least loss; of equals the first.

    Raise ModelError without one, or without the given parameters to compare with.
    """
    full = [record for record in records if not record.is_given_up]
    # With several processes a quick trial may end in time and the first one not.
    if not full or min(record.ordinal for record in full) > 0:
        raise ModelError(
            "Tuning: no trial came to its end in time, or that of the given parameters did not. "
            "Run again with more --minutes; "
            "trials that have ended are kept."
        )
    # Of equal losses the first trial: the order in which they ended is no reason.
    return min(full, key=lambda record: (record.loss, record.ordinal))
