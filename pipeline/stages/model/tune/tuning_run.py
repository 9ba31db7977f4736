"""One run of the tuning: reads the training rows, searches, and says what was found.

The frozen stage and `creditloom tune` call it.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.sample.dataset import ChosenFeatures
from creditloom.models.sample.split import SplitParams
from creditloom.models.training.training import TrainParams
from creditloom.models.tuning.gain import (
    GainInterval,
    PairedGain,
    gain_of_best,
    gain_of_searching,
    importances,
)
from creditloom.models.tuning.journal import TrialJournal, TrialRecord, digest_of, open_journal
from creditloom.models.tuning.judging import TrialJudge
from creditloom.models.tuning.search import LAG, Search, best_of
from creditloom.models.tuning.space import (
    TuneParams,
    block,
    changed_values,
    given_point,
    shown,
    widened,
    with_point,
)
from creditloom.models.tuning.workers import spawned
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.pipeline.base.params import ParamsError, section
from creditloom.storage.files.formats import RESULTS, read_document

# Of the budget so much is left for the comparison, and no more than the seconds that it takes on a
# slow machine. A run may then end a tenth early or late at most.
FINISH_SHARE = 0.05
MOST_FINISH_SECONDS = 20.0
# Pictures of many trials take longer than those of one.
PICTURES_FACTOR = 1.5


@dataclass(frozen=True)
class TuningRun:
    """What a run has found. seconds: of this run. later: see `gain_of_searching`."""

    best: TrainParams
    changes: dict[str, Any]
    records: tuple[TrialRecord, ...]
    gain: PairedGain
    later: PairedGain | None
    journal: Path
    seconds: float

    def figures(self) -> dict[str, Any]:
        """Return the content of figures.json."""
        best = best_of(self.records)
        figures: dict[str, Any] = {
            "best_trial": best.ordinal,
            "logloss": best.loss,
            "logloss_given": self.records[0].loss,
            "importances": importances(self.records),
            "journal": str(self.journal),
            "seconds": round(self.seconds, 3),
        }
        figures["trials"] = [asdict(record) for record in self.records]
        figures["gain"] = _written(self.gain)
        figures["gain_on_later_months"] = _written(self.later)
        figures["changes"] = {f"train.{path}": value for path, value in self.changes.items()}
        return figures


def _written(gain: PairedGain | None) -> dict[str, Any] | None:
    """Return a gain for JSON, which knows no NaN."""
    if gain is None:
        return None
    out: dict[str, Any] = {"n_rows": gain.n_rows, "n_bads": gain.n_bads}
    for name in ("logloss", "auc"):
        ends = asdict(getattr(gain, name))
        out[name] = {key: None if np.isnan(end) else end for key, end in ends.items()}
    return out


def tuned(
    params: TuneParams,
    folder: Path,
    start: float,
    tell: Callable[[str], object],
    pictures: float = 0.0,
) -> TuningRun:
    """Search within `params.minutes` from `start` (time.monotonic); go on from a journal.

    folder: of the journals. pictures: seconds that the caller needs after it, to draw.
    Raise ParamsError for a number that cannot be meant, ModelError where no trial came to its end.
    """
    _require_sensible(params)
    given = section("train", TrainParams)
    point = given_point(given, params.space)
    bounds = widened(point, params.space)
    budget = 60.0 * params.minutes
    finish = min(FINISH_SHARE * budget, MOST_FINISH_SECONDS) + PICTURES_FACTOR * pictures
    judge = _judge()
    search = Search(given, point, bounds, params.seed, params.trials, start + budget - finish, tell)
    digest = digest_of(judge, given, bounds, params.seed)
    with open_journal(folder, digest, bounds, point) as journal:
        done = len(journal.records)
        tell(f"{journal.file}: {f'goes on from {done} trials' if done else 'a new journal'}")
        if done < params.trials:
            with spawned(judge, params.processes) as workers:
                search.run(journal, workers)
        return _found(judge, given, params, journal, start)


def _judge() -> TrialJudge:
    """Return the training rows with the columns of the model and of each origin."""
    split = section("split", SplitParams)
    catalogue = Catalogue.from_json(paths.CATALOGUE.read_bytes())
    selected = read_document(paths.SELECTED, RESULTS)
    features = ChosenFeatures(
        final=tuple(selected["features"]),
        origins=tuple(tuple(names) for names in selected["origins"]),
    )
    rows = dataset(everyone(split).training(split.indeterminate_weight), features.names)
    return TrialJudge(rows, catalogue, split, features)


def _found(
    judge: TrialJudge, given: TrainParams, params: TuneParams, journal: TrialJournal, start: float
) -> TuningRun:
    best = with_point(given, best_of(journal.records).point)
    weight = judge.weight(given)
    gain = gain_of_best(journal, judge, weight)
    later = gain_of_searching(journal, judge, weight)
    return TuningRun(
        best=best,
        changes=changed_values(given, best, params.space),
        records=tuple(journal.records),
        gain=gain,
        later=later,
        journal=journal.file,
        seconds=time.monotonic() - start,
    )


def _require_sensible(params: TuneParams) -> None:
    """Raise ParamsError for trials, minutes or processes that cannot be meant."""
    wrong = []
    if params.trials < 1:
        wrong.append(f"trials is {params.trials}; expected 1 or more")
    if params.minutes <= 0:
        wrong.append(f"minutes is {params.minutes:g}; expected more than 0")
    if not 1 <= params.processes <= LAG:
        wrong.append(f"processes is {params.processes}; expected 1 to {LAG}")
    if wrong:
        raise ParamsError(f"tune: {'; '.join(wrong)}. Change the option or params.yaml.")


def show(run: TuningRun) -> None:
    """Print what was found, the block to commit and the next step."""
    console = Console(soft_wrap=True, highlight=False)
    best = best_of(run.records)
    given_up = sum(record.is_given_up for record in run.records)
    console.print(
        f"{len(run.records)} trials, {given_up} given up early, {run.seconds:.0f} s. Log-loss over "
        f"the rolling origins: {run.records[0].loss:.6f} as given, {best.loss:.6f} at best"
    )
    console.print(f"  on the months that chose it:      {_told(run.gain)}")
    if run.later is not None:
        console.print(f"  chosen before, judged on later:   {_told(run.later)}")
    if not run.changes:
        console.print("The given parameters are the best: nothing to commit.")
        return
    console.print(f"{_advice(run)} The block of params.yaml:\n{block(run.changes)}")
    words = [
        f"--set {shlex.quote(f'train.{path}={shown(value)}')}"
        for path, value in run.changes.items()
    ]
    console.print(
        "Write it there by hand (comments stay) or by the next line, then train and compare:\n"
        f"  creditloom params {' '.join(words)}\n  dvc repro"
    )


def _told(gain: PairedGain) -> str:
    loss = f"log-loss better by {_interval(gain.logloss, 6)}"
    auc = f"AUC by {_interval(gain.auc, 4)}"
    return f"{loss}, {auc}; {gain.n_rows:,} loans, {gain.n_bads:,} bad"


def _interval(gain: GainInterval, decimals: int) -> str:
    value, low, high = (f"{end:+.{decimals}f}" for end in (gain.value, gain.low, gain.high))
    return f"{value} (95 % {low} to {high})"


def _advice(run: TuningRun) -> str:
    """Return whether the gain is more than luck; the later months are the honest judge."""
    judged = run.later or run.gain
    if judged.is_told:
        return "The gain is more than luck."
    return "The gain cannot be told from luck: more trials may help, committing it hardly will."
