"""`creditloom score`: decide a batch with the registered model, or with a bundle; docs/batch.md says how a scheduler runs it."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.score_model import CHAMPION

if TYPE_CHECKING:
    from data.batch_output import BatchFolder


def score(
    output: Annotated[Path, typer.Option(help="a folder for decisions, ledger and quarantine; with .parquet, one file of decisions too")],
    source: Annotated[
        Path | None, typer.Option("--input", help="a Parquet file, or a folder of them: one row per application, with features")
    ] = None,
    events: Annotated[Path | None, typer.Option(help="a folder of raw tables, instead of --input: the features are made here")] = None,
    as_of: Annotated[
        dt.datetime | None, typer.Option(help="with --events: decide everyone as of this moment (UTC), not of their applications")
    ] = None,
    engine: Annotated[
        str, typer.Option(help="duckdb: on this machine; spark: by Spark's workers (docs/batch.md), to the same bytes")
    ] = "duckdb",
    max_bad_share: Annotated[float, typer.Option(help="with --events: a table with a larger share of bad rows stops the job")] = 0.05,
    model: Annotated[str, typer.Option(help="a registered model")] = CHAMPION,
    bundle: Annotated[Path | None, typer.Option(help="a bundle folder, instead of a registered model")] = None,
    explain: Annotated[str, typer.Option(help="adverse: reasons where they are due; all: for everyone, with points; none")] = "adverse",
    language: Annotated[str, typer.Option(help="language of the reasons: en or zh")] = "en",
    product: Annotated[str, typer.Option(help="a product of the bundle; default: its own")] = "",
    law: Annotated[str, typer.Option(help="a law profile of the bundle; default: the one in force on the day of as_of")] = "",
    accept_drift: Annotated[str, typer.Option(help="why the batch is decided although its scores come from another population (R12)")] = "",
    threads: Annotated[int, typer.Option(min=1, help="threads that decide; not more than there are free cores")] = 2,
    part_rows: Annotated[int, typer.Option(min=1, help="rows of the input per part: what a killed job loses at most")] = 131_072,
    today: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="an as_of after this day is refused; default: the day of the first run")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="delete another batch that lies in the output folder")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the summary as JSON on standard output")] = False,
) -> None:
    """Decide a batch of applications. Run the same command again after a stop: finished parts are kept.

    Exit codes: 0 all rows decided or set aside; 2 nothing can be decided (input, model, options); 3 another job writes the folder;
    4 the disk does not take the output; 5 the batch breaches a stop level.
    """
    from data.batch_input import BatchInput
    from data.batch_output import BatchFolder
    from models.batch.schema import check_banned, check_schema
    from models.inputs import banned, columns
    from pipeline.score_engine import engine as parts_by
    from pipeline.score_engine import engine_name
    from pipeline.score_export import batch_folder, check_output, export, the_input
    from pipeline.score_job import Job, Tally
    from pipeline.score_model import Model
    from pipeline.score_part import Batch
    from pipeline.score_report import Progressed, refusal_told, report

    start = time.perf_counter()
    with refusal_told(output, as_json=as_json):
        given, made_by = the_input(source, events), engine_name(engine)
        check_output(given, output)
        deciding = Model.of_bundle(bundle) if bundle else Model.of_uri(model)
        if events is not None:
            from pipeline.score_events import features_of

            given = features_of(events, as_of, deciding.bundle, output, made_by, max_bad_share)
        found = BatchInput.open(given)
        read = columns(deciding.bundle, next(found.schemas())[1].names)
        for part, schema in found.schemas():
            check_banned(schema, banned(deciding.bundle), part)
            check_schema(schema, read, part)
        folder = BatchFolder(batch_folder(output))
        chosen = {"product": product, "law": law}
        options = {"explain": explain, "language": language, **{name: value for name, value in chosen.items() if value}}
        with folder.claimed(), Progressed(found.rows) as progress:
            accepted = {"accept_drift": accept_drift} if accept_drift else {}
            asked = {**options, **accepted, "model": deciding.name, "today": _day(today, folder)}
            day = dt.date.fromisoformat(asked["today"])
            batch = Batch(found, folder, read, deciding.versions(product), day, part_rows)
            by = parts_by(made_by, deciding, options, threads)
            job = Job(batch, deciding.bundle, deciding.decide({**options, "explain": "none"}), by, asked, threads)
            tally = Tally()
            manifest = job.run(tally, progress.tell, replace=replace)
            export(folder, output)
        report(manifest, tally, output, time.perf_counter() - start, as_json=as_json)


def _day(today: dt.datetime | None, folder: BatchFolder) -> str:
    """The day after which an as_of lies in the future: as asked, or as the run that is taken up again had it, or today."""
    before = folder.asked()
    if today is None and before is not None:
        return str(before["options"]["today"])
    return (today or dt.datetime.now(dt.UTC)).date().isoformat()
