"""Run the batch job as one call.

Applications with features, or raw events, go in. A folder of decisions with ledger, receipts and
quarantine comes out.
"""

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
    the_input,
)
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.batch.part import Batch
from creditloom.serving.batch.schema import check_banned, check_schema
from creditloom.serving.inputs import InputColumn, banned, columns
from creditloom.serving.ledger.log.log import Log
from creditloom.serving.ledger.log.notes import note_batch
from creditloom.serving.ledger.signing import private_key

# The embedded store of a checkout; MLFLOW_TRACKING_URI takes precedence over it.
REGISTRY = Path("data/registry")
# Takes the number of all rows; yields a function that is called with the number of rows done.
Watched = Callable[[int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True)
class Scored:
    """A finished batch: its sealed manifest, and the counts of this run.

    `tally.resumed` counts the rows that an earlier run had finished. `log_head` is the head of the
    log in which the batch stands, as `SIZE:ROOT`.
    """

    manifest: dict[str, Any]
    tally: Tally
    log_head: str


# Longer than 40 lines: the options of the command meet here once, and are handed on by keyword.
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
    log: Path | str | None = None,
    sign: Path | str | None = None,
    watched: Watched | None = None,
) -> Scored:
    """Decide a batch and seal it; the same call after a stop continues where the batch was.

    `source` holds one row per application with features; `events` holds raw tables from which the
    features are computed. Give one of them. `output` is a folder, or a `.parquet` file beside which
    `<name>.batch` holds the batch. `bundle` (a folder) decides, or else the registered `model`.
    `log` is the folder of the log in which the batch is noted (beside the batch), `sign` the file
    of a private key that signs root and log.
    Raises ValueErrors of this package, each with the next step.
    """
    target = Path(output)
    input_path = the_input(_path(source), _path(events))
    made_by = engine_name(engine)
    check_output(input_path, target)
    if bundle:
        deciding = DecidingModel.of_bundle(Path(bundle))
    else:
        deciding = DecidingModel.of_uri(model, Path(registry))
    if events is not None:
        # The feature engine takes a second to import: a batch of features does not wait for it.
        from creditloom.serving.batch.events import features_of

        input_path = features_of(
            Path(events), as_of, deciding.bundle, target, made_by, max_bad_share
        )
    batch_input = BatchInput.open(input_path)
    inputs = _checked_columns(batch_input, deciding.bundle)
    folder = BatchFolder(batch_folder(target))
    # An empty choice is left out: the bundle then decides by its own product and law.
    chosen = {name: value for name, value in (("product", product), ("law", law)) if value}
    options = {"explain": explain, "language": language, **chosen}
    with folder.claimed(), (watched or _unwatched)(batch_input.rows) as progress:
        accepted = {"accept_drift": accept_drift} if accept_drift else {}
        request = {**options, **accepted, "model": deciding.name, "today": _day(today, folder)}
        batch = Batch(
            source=batch_input,
            folder=folder,
            columns=inputs,
            versions=deciding.versions(product),
            today=dt.date.fromisoformat(request["today"]),
            part_rows=part_rows,
        )
        job = BatchJob(
            batch=batch,
            bundle=deciding.bundle,
            # The sample is looked at for its scores only: its reasons are not worth their time.
            decide=deciding.decide({**options, "explain": "none"}),
            engine=parts_by(made_by, deciding, options, threads),
            asked=request,
            threads=threads,
        )
        tally = Tally()
        key = private_key(sign)
        manifest = job.run(tally, progress, replace=replace, key=key, output=target)
        head = note_batch(Log.beside(folder.root, _path(log)), folder.root, manifest, key)
    return Scored(manifest, tally, str(head))


def _checked_columns(batch_input: BatchInput, bundle: Path) -> tuple[InputColumn, ...]:
    """Return the columns to read, once every file is known to hold them and no banned one."""
    # The first file decides which optional facts are there; the others must agree.
    _, first_schema = next(batch_input.schemas())
    inputs = columns(bundle, first_schema.names)
    for path, schema in batch_input.schemas():
        check_banned(schema, banned(bundle), path)
        check_schema(schema, inputs, path)
    return inputs


def _unwatched(_rows: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _done: None)


def _path(given: Path | str | None) -> Path | None:
    return None if given is None else Path(given)


def _day(today: dt.date | None, folder: BatchFolder) -> str:
    """Return the day after which an as_of lies in the future.

    It is the day that was asked for, or else that of the earlier run of this batch, or else today:
    a batch that is continued after midnight must judge all its rows by one day.
    """
    earlier = folder.asked()
    if today is None and earlier is not None:
        return str(earlier["options"]["today"])
    return (today or dt.datetime.now(dt.UTC).date()).isoformat()
