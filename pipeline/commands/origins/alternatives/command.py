"""`creditloom alternatives`: searches models with a smaller gap between two groups."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.commands.own_outputs import FIGURES, require_report

_err = Console(stderr=True, soft_wrap=True, highlight=False)

PAGE = "page.md"
JOURNAL = "journal.jsonl"

FieldOption = Annotated[str, typer.Option(help="field of the audit, as occupation or region_tier")]
GroupOption = Annotated[
    str, typer.Option("--group", help="its group that fares worse; several with commas between")
]
AgainstOption = Annotated[
    str, typer.Option(help="the groups it is compared with; `rest` = everybody else")
]
ModelsOption = Annotated[int, typer.Option(help="alternatives to judge in all", min=2)]
MinutesOption = Annotated[
    float, typer.Option(help="stop after so many minutes; a later run goes on", min=0.0)
]
PassedOption = Annotated[float, typer.Option(help="share of applicants that passes", min=0, max=1)]
TargetOption = Annotated[
    float, typer.Option(help="part of the gap that may be left", min=0.0, max=1.0)
]
WithOption = Annotated[
    list[str] | None,
    typer.Option("--with", help="a column of the matrix that is no feature, to search with"),
]
TreesOption = Annotated[int, typer.Option(help="trees of each model", min=1)]
SeedOption = Annotated[int, typer.Option(help="of folds, goods kept and mixtures")]
OutOption = Annotated[Path, typer.Option(help="folder for journal, figures and page")]


def alternatives(
    field: FieldOption = "occupation",
    group: GroupOption = "blue_collar",
    against: AgainstOption = "white_collar",
    models: ModelsOption = 205,
    minutes: MinutesOption = 60.0,
    passed: PassedOption = 0.68,
    target: TargetOption = 0.5,
    joined: WithOption = None,
    trees: TreesOption = 100,
    seed: SeedOption = 1,
    out: OutOption = paths.ALTERNATIVES,
) -> None:
    """Search models that discriminate less between two groups, at a like AUC.

    Each alternative drops or merges columns, adds a penalty on the gap, takes another path for thin
    files or leaves the signs out. It is judged on training folds by what a lender can observe, and
    one is chosen so. Then the front is judged once: by the truth of a simulated world, else on
    out-of-time loans. Needs `featurize` and `select`. docs/fairness.md says how to read it.
    """
    require_report(out, [PAGE], "field", "front", "chosen")
    # Imported here, so that what refuses the options need not wait for the learners.
    from creditloom.models.evaluation.groups.alternatives.journal import AlternativeJournal
    from creditloom.models.evaluation.groups.alternatives.search import digest_of
    from creditloom.pipeline.commands.origins.alternatives import setting
    from creditloom.pipeline.commands.origins.alternatives.search_rows import GroupPair

    pair = GroupPair(field, _names(group), _names(against))
    search = setting.search_of(pair, tuple(joined or ()), passed=passed, trees=trees, seed=seed)
    deadline = time.monotonic() + 60.0 * minutes
    search = replace(search, models=models, deadline=deadline, tell=_err.print)
    digest = digest_of(search.judge, search.proposals)
    setting.require_open(out / FIGURES, digest, models)
    journal = AlternativeJournal.open(out / JOURNAL, digest)
    search.run(journal)
    if len(journal.judged) < models:
        _err.print(f"{len(journal.judged)} of {models} models are judged; run it again to go on")
        return
    figures = setting.judged_figures(search, pair, journal.in_order, target)
    Console(soft_wrap=True).print(setting.written({"digest": digest, **figures}, out))


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
