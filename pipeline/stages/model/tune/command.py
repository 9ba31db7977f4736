"""`creditloom tune`: searches the learner's settings inside the training months, in given minutes.

The code of the search is that of the frozen stage `tune`; here it has options, and draws.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from creditloom.models.tuning.space import TuneParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.own_outputs import FIGURES, require_report
from creditloom.pipeline.stages.model.tune.tuning_run import show, tuned
from creditloom.report.parts.tuning_pictures import PICTURES, draw, rehearsed
from creditloom.storage.files.store import write_json

_err = Console(stderr=True, soft_wrap=True, highlight=False)

MinutesOption = Annotated[
    float | None, typer.Option(help="of the whole run, held within a tenth; default: tune.minutes")
]
TrialsOption = Annotated[
    int | None, typer.Option(help="of the journal, earlier runs included; default: tune.trials")
]
ProcessesOption = Annotated[
    int | None,
    typer.Option(help="trials side by side, each with booster.threads; default: tune.processes"),
]
JournalOption = Annotated[
    Path, typer.Option(help="folder of the journals, from which a later run goes on")
]
OutOption = Annotated[Path, typer.Option(help="folder of the figures and pictures")]


def tune(
    minutes: MinutesOption = None,
    trials: TrialsOption = None,
    processes: ProcessesOption = None,
    journal: JournalOption = paths.TUNING,
    out: OutOption = paths.TUNING_REPORT,
) -> None:
    """Search better settings of the learner; print the block to commit to params.yaml.

    Needs the tables of `featurize` and `select`. A trial is the whole stack (boosters and additive
    logit) with other settings, judged on rolling origins inside the training months: no
    out-of-time month has a part in it. `tune.space` of params.yaml says what is searched, and
    between which bounds.

    The first trial is params.yaml as it is. Stop the run whenever you like: the same command goes
    on, and ends with the same trials as a run that was never stopped, with any number of
    processes. A running trial is cut when the minutes are over.

    At the end two gains are told. The one on the months that chose the best trial flatters it.
    The one on later months hardly does; where its interval holds 0, keep what you have.

    Example: creditloom tune --minutes 30 --processes 2
    """
    start = time.monotonic()
    require_report(out, PICTURES, "trials", "best_trial")
    given = section("tune", TuneParams)
    params = replace(
        given,
        minutes=given.minutes if minutes is None else minutes,
        trials=given.trials if trials is None else trials,
        processes=given.processes if processes is None else processes,
    )
    found = tuned(params, journal, start, _err.print, rehearsed(dict.fromkeys(params.space, 1.0)))
    write_json(found.figures(), out / FIGURES)
    draw(found.records, out)
    show(found)
    _err.print(f"figures and pictures: {out}")
