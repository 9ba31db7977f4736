"""The journal of a search: trials that came to their end, kept so that a later run goes on.

It is a journal of Optuna, which its tools can read. Only one run writes into it at a time. A trial
is written when it has ended, so a run that is killed leaves whole trials only.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.errors import ModelError
from creditloom.models.training.training import TrainParams
from creditloom.models.tuning.judging import TrialJudge
from creditloom.models.tuning.space import Point

if TYPE_CHECKING:
    import optuna

STUDY = "learner"
# What a trial of the journal says beside its point and its losses.
ORDINAL = "ordinal"
SECONDS = "seconds"
# Characters of a digest: enough to tell a person's searches apart.
DIGEST_CHARACTERS = 16


@dataclass(frozen=True)
class TrialRecord:
    """One trial that has ended.

    ordinal: from 0, which is the given parameters. losses: after each origin, see `JudgedTrial`.
    is_given_up: it was behind most others on the first origins.
    """

    ordinal: int
    point: Point
    losses: tuple[float, ...]
    is_given_up: bool
    seconds: float

    @property
    def loss(self) -> float:
        """Return the loss over the origins that were judged."""
        return self.losses[-1]


class TrialJournal:
    """The trials of one search in a file, with the margins of each beside it.

    bounds: of the space, by dotted path. Use `open_journal`, which locks the file.
    """

    def __init__(self, file: Path, bounds: Mapping[str, tuple[float, float]], point: Point) -> None:
        self.file = file
        self._distributions = distributions(bounds, point)
        self._study = _study(file)
        records = (_record(trial) for trial in self._study.get_trials(deepcopy=False))
        self._records = {record.ordinal: record for record in records}

    @property
    def records(self) -> list[TrialRecord]:
        """Return the trials that have ended, by ordinal."""
        return [self._records[ordinal] for ordinal in sorted(self._records)]

    def add(self, record: TrialRecord, margins: Floats) -> None:
        """Write a trial that has ended."""
        # First the margins: what the journal names must be there.
        np.save(self._margins_file(record.ordinal), margins)
        self._study.add_trial(frozen(record, self._distributions))
        self._records[record.ordinal] = record

    def margins(self, ordinal: int) -> Floats:
        """Return the margins of a trial, NaN for rows that were not judged."""
        return np.asarray(np.load(self._margins_file(ordinal)))

    def _margins_file(self, ordinal: int) -> Path:
        return self.file.with_suffix("") / f"{ordinal}.npy"


@contextmanager
def open_journal(
    folder: Path, digest: str, bounds: Mapping[str, tuple[float, float]], point: Point
) -> Iterator[TrialJournal]:
    """Open the journal of a search; its folder is made.

    Raise ModelError where another run writes into it.
    """
    file = folder / f"{digest}.log"
    file.with_suffix("").mkdir(parents=True, exist_ok=True)
    # The system gives the lock back when a process ends, however it ends.
    with file.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ModelError(
                f"{file}: another run writes into this journal; expected one at a time. "
                "Wait for it, stop it, or give --journal another folder."
            ) from error
        _mend(file)
        yield TrialJournal(file, bounds, point)


def digest_of(judge: TrialJudge, given: TrainParams, bounds: object, seed: int) -> str:
    """Return a name of what is searched on: other rows, columns or parameters, another journal."""
    rows = judge.rows
    told = (given, bounds, seed, judge.split, judge.features, rows.names, rows.known_by)
    digest = hashlib.sha256(repr(told).encode())
    for array in (rows.application_id, rows.label, rows.weight, rows.features, rows.exposures):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:DIGEST_CHARACTERS]


def distributions(bounds: Mapping[str, tuple[float, float]], point: Point) -> dict[str, Any]:
    """Return the bounds as Optuna takes them; what is whole in the point is whole in each trial."""
    from optuna.distributions import FloatDistribution, IntDistribution

    return {
        path: IntDistribution(int(low), int(high), log=True)
        if isinstance(point[path], int)
        else FloatDistribution(low, high, log=True)
        for path, (low, high) in bounds.items()
    }


def frozen(record: TrialRecord, ranges: Mapping[str, Any]) -> optuna.trial.FrozenTrial:
    """Return a trial as Optuna keeps it."""
    import optuna

    state = optuna.trial.TrialState
    return optuna.trial.create_trial(
        state=state.PRUNED if record.is_given_up else state.COMPLETE,
        value=record.loss,
        params=dict(record.point),
        distributions=dict(ranges),
        user_attrs={ORDINAL: record.ordinal, SECONDS: record.seconds},
        intermediate_values=dict(enumerate(record.losses)),
    )


def _record(trial: optuna.trial.FrozenTrial) -> TrialRecord:
    import optuna

    steps = sorted(trial.intermediate_values)
    return TrialRecord(
        ordinal=trial.user_attrs[ORDINAL],
        point=dict(trial.params),
        losses=tuple(trial.intermediate_values[step] for step in steps),
        is_given_up=trial.state == optuna.trial.TrialState.PRUNED,
        seconds=trial.user_attrs[SECONDS],
    )


def _study(file: Path) -> optuna.Study:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(file)))
    return optuna.create_study(study_name=STUDY, storage=storage, load_if_exists=True)


def _mend(file: Path) -> None:
    """Take away what a killed run left: half of a last line, and the lock of Optuna."""
    # Ours is the only run, so no other one holds Optuna's lock.
    Path(f"{file}.lock").unlink(missing_ok=True)
    if not file.is_file():
        return
    text = file.read_bytes()
    whole = text.rfind(b"\n") + 1
    if whole < len(text):
        os.truncate(file, whole)
