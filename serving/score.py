"""The batch job as one call: applications or raw events in, a folder of decisions with ledger, receipts and quarantine out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creditloom.serving.batch.deciding_model import CHAMPION, DecidingModel
from creditloom.serving.batch.engine import engine as parts_by
from creditloom.serving.batch.engine import engine_name
from creditloom.serving.batch.input import BatchInput
from creditloom.serving.batch.job import (
    BatchJob,
    Tally,
    batch_folder,
    check_output,
    export,
    the_input,
)
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.batch.part import Batch
from creditloom.serving.batch.schema import check_banned, check_schema
from creditloom.serving.inputs import banned, columns

REGISTRY = Path(
    "data/registry"
)  # the embedded store of a checkout; MLFLOW_TRACKING_URI goes before it
Watched = Callable[
    [int], AbstractContextManager[Callable[[int], None]]
]  # rows of all in, something that is told the rows done out


@dataclass(frozen=True)
class Scored:
    """A finished batch: what was sealed, and what this run counted (`tally.resumed` rows were done by an earlier run)."""

    manifest: dict[str, Any]
    tally: Tally


def score(
    output: Path | str,
    *,
    source: Path | str | None = None,
    events: Path | str | None = None,
    bundle: Path | str | None = None,
    model: str = CHAMPION,
    as_of: dt.datetime | None = None,
    engine: str = "duckdb",
    max_bad_share: float = 0.05,
    explain: str = "adverse",
    language: str = "en",
    product: str = "",
    law: str = "",
    accept_drift: str = "",
    threads: int = 2,
    part_rows: int = 131_072,
    today: dt.date | None = None,
    replace: bool = False,
    registry: Path | str = REGISTRY,
    watched: Watched | None = None,
) -> Scored:
    """Decide a batch: `source` holds one row per application with features, or `events` raw tables of which features are made.

    `output` is a folder, or a `.parquet` beside which `<name>.batch` holds the batch. The same call after a stop goes on where it was.
    `bundle` (a folder) decides, or the registered `model`. Raises ValueErrors of this package, each with what to do next.
    """
    target = Path(output)
    given, made_by = the_input(_path(source), _path(events)), engine_name(engine)
    check_output(given, target)
    deciding = (
        DecidingModel.of_bundle(Path(bundle))
        if bundle
        else DecidingModel.of_uri(model, Path(registry))
    )
    if events is not None:
        # The feature engine takes a second to import: a batch of features does not wait for it.
        from creditloom.serving.batch.events import features_of

        given = features_of(Path(events), as_of, deciding.bundle, target, made_by, max_bad_share)
    found = BatchInput.open(given)
    read = columns(deciding.bundle, next(found.schemas())[1].names)
    for part, schema in found.schemas():
        check_banned(schema, banned(deciding.bundle), part)
        check_schema(schema, read, part)
    folder = BatchFolder(batch_folder(target))
    chosen = {"product": product, "law": law}
    options = {
        "explain": explain,
        "language": language,
        **{name: value for name, value in chosen.items() if value},
    }
    with folder.claimed(), (watched or _unwatched)(found.rows) as tell:
        accepted = {"accept_drift": accept_drift} if accept_drift else {}
        asked = {**options, **accepted, "model": deciding.name, "today": _day(today, folder)}
        day = dt.date.fromisoformat(asked["today"])
        batch = Batch(found, folder, read, deciding.versions(product), day, part_rows)
        by = parts_by(made_by, deciding, options, threads)
        job = BatchJob(
            batch,
            deciding.bundle,
            deciding.decide({**options, "explain": "none"}),
            by,
            asked,
            threads,
        )
        tally = Tally()
        manifest = job.run(tally, tell, replace=replace)
        export(folder, target)
    return Scored(manifest, tally)


def _unwatched(_rows: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _done: None)


def _path(given: Path | str | None) -> Path | None:
    return None if given is None else Path(given)


def _day(today: dt.date | None, folder: BatchFolder) -> str:
    """The day after which an as_of lies in the future: as asked, or as the run that is taken up again had it, or today."""
    before = folder.asked()
    if today is None and before is not None:
        return str(before["options"]["today"])
    return (today or dt.datetime.now(dt.UTC).date()).isoformat()
