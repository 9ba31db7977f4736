"""Who judges the trials: processes of their own, which the deadline can end at any moment."""

from __future__ import annotations

import math
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Protocol

from creditloom.models.sample.errors import ModelError
from creditloom.models.training.training import TrainParams
from creditloom.models.tuning.judging import JudgedTrial, TrialJudge


@dataclass(frozen=True)
class TrialTask:
    """One trial to judge. limits: see `TrialJudge.judge`."""

    ordinal: int
    params: TrainParams
    limits: tuple[float, ...]


@dataclass(frozen=True)
class EndedTask:
    """A trial that has been judged. seconds: that it took."""

    task: TrialTask
    judged: JudgedTrial
    seconds: float


class Workers(Protocol):
    """What judges trials, at most `free` more at a time."""

    @property
    def free(self) -> int:
        """Return how many more trials can begin now."""

    def start(self, task: TrialTask) -> None:
        """Begin a trial."""

    def ended(self, until: float) -> list[EndedTask]:
        """Return the trials that end next; () when `until` comes first, on time.monotonic."""


class InlineWorker:
    """Judge in this process, one trial at a time; nothing cuts a trial."""

    def __init__(self, judge: Callable[[TrainParams, Sequence[float]], JudgedTrial]) -> None:
        self._judge = judge
        self._tasks: list[TrialTask] = []

    @property
    def free(self) -> int:
        """Return 1 where no trial waits."""
        return 1 - len(self._tasks)

    def start(self, task: TrialTask) -> None:
        """Keep the trial for `ended`."""
        self._tasks.append(task)

    def ended(self, until: float) -> list[EndedTask]:
        """Judge the trial and return it; one that ends after `until` does not count."""
        task = self._tasks.pop()
        start = time.monotonic()
        judged = self._judge(task.params, task.limits)
        now = time.monotonic()
        return [EndedTask(task, judged, now - start)] if now <= until else []


@dataclass
class _Worker:
    process: SpawnProcess
    link: Connection
    task: TrialTask | None = None


class SpawnedWorkers:
    """Judge in processes; use `spawned`, which ends them."""

    def __init__(self, judge: TrialJudge, processes: int) -> None:
        # Spawned and not forked: the threads of LightGBM do not survive a fork.
        context = multiprocessing.get_context("spawn")
        self._workers = []
        for _ in range(processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(judge, theirs), daemon=True)
            process.start()
            # Held by the child alone from now on: our end then says when the child is gone.
            theirs.close()
            self._workers.append(_Worker(process, ours))

    @property
    def free(self) -> int:
        """Return how many processes have no trial."""
        return sum(worker.task is None for worker in self._workers)

    def start(self, task: TrialTask) -> None:
        """Give the trial to a process without one."""
        worker = next(worker for worker in self._workers if worker.task is None)
        worker.link.send(task)
        worker.task = task

    def ended(self, until: float) -> list[EndedTask]:
        """Wait for trials to end. Raise ModelError where a trial is refused or a process dies."""
        busy = {worker.link: worker for worker in self._workers if worker.task is not None}
        # The system knows no infinite time: None waits until one ends.
        left = None if math.isinf(until) else max(0.0, until - time.monotonic())
        ready = [link for link in wait(list(busy), left) if isinstance(link, Connection)]
        return [_received(busy[link]) for link in ready]

    def stop(self) -> None:
        """End all processes, in the middle of a trial too."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.link.close()


@contextmanager
def spawned(judge: TrialJudge, processes: int) -> Iterator[SpawnedWorkers]:
    """Start processes that judge trials, and end them with the block."""
    workers = SpawnedWorkers(judge, processes)
    try:
        yield workers
    finally:
        workers.stop()


def _received(worker: _Worker) -> EndedTask:
    try:
        answer = worker.link.recv()
    except EOFError as error:
        worker.process.join()
        raise ModelError(
            f"A process that judged a trial ended with code {worker.process.exitcode}; expected a "
            "result. Memory may be short: run again with fewer --processes, it goes on."
        ) from error
    if isinstance(answer, str):
        raise ModelError(answer)
    worker.task = None
    ended: EndedTask = answer
    return ended


def _work(judge: TrialJudge, link: Connection) -> None:
    """Judge trials until the parent is gone; a refusal is sent as text."""
    # EOF: the parent has closed its end, or was killed. Its trial has nobody to wait for it.
    with suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        while True:
            task: TrialTask = link.recv()
            start = time.monotonic()
            try:
                judged = judge.judge(task.params, task.limits)
            except ModelError as error:
                link.send(str(error))
            else:
                link.send(EndedTask(task, judged, time.monotonic() - start))
