"""Run the batch job as one call.

Applications with features, or raw events, go in. A folder of decisions with ledger, receipts and
quarantine comes out.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creditloom.features.engine.cluster.spark_session import one_session
from creditloom.serving.batch.deciding_model import CHAMPION, DecidingModel
from creditloom.serving.batch.engine import engine as parts_by
from creditloom.serving.batch.engine import engine_name
from creditloom.serving.batch.input import BatchInput
from creditloom.serving.batch.job import BatchJob, Tally, erased_before, require_raw, the_input
from creditloom.serving.batch.output import COPIES, FOLDER, BatchFolder, writing
from creditloom.serving.batch.part import Batch
from creditloom.serving.batch.schema import check_banned, check_one_id_type, check_schema
from creditloom.serving.inputs import InputColumn, banned, columns
from creditloom.serving.ledger.log.log import Log
from creditloom.serving.ledger.log.notes import note_batch
from creditloom.serving.ledger.signing import private_key
from creditloom.serving.own.csv_copies import readable
from creditloom.serving.own.reading_notes import notes_on, texts_of
from creditloom.serving.whole.export import (
    batch_folder,
    check_exports,
    check_inputs_apart,
    check_output,
    features_folder,
    put_in_place,
)
from creditloom.serving.whole.resume import (
    FoundBatch,
    TakenError,
    Wish,
    document,
    found_batch,
    pinned,
    require_batch,
    unfinished,
)
from creditloom.storage.files.outputs import (
    recover,
    require_local,
    require_ours,
    require_room,
    swap,
)
from creditloom.storage.folders.identity import FixedFile, fixed
from creditloom.storage.mapped.mapped_folder import mapped_folder
from creditloom.storage.mapped.mapping import TableMapping

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
    mapping: TableMapping | None = None,
    bundle: Path | str | None = None,
    model: str = CHAMPION,
    as_of: dt.datetime | None = None,
    engine: str = "duckdb",
    max_bad_share: float = 0.05,
    without: Collection[str] = (),
    snapshot: Path | str | None = None,
    evidence: Mapping[str, str] | None = None,
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
    features are computed, less the tables `without`, or files of the user's own of which `mapping`
    makes such tables. Give one of the two. `snapshot` is the folder of a network snapshot made of
    the same tables: what other people's rows say is read of it, and batch.json names its hash.
    `evidence` is noted among the options of batch.json: what the input was made of elsewhere.
    `output` is a folder, or a `.parquet` file beside which
    `<name>.batch` holds the batch. `bundle` (a folder) decides, or else the registered `model`.
    `log` is the folder of the log in which the batch is noted (beside
    the batch), `sign` the file of a private key that signs root and log.
    Raises ValueErrors of this package, each with the next step.
    """
    target = Path(output)
    given = the_input(_path(source), _path(events), is_mapped=mapping is not None)
    require_local(given, "--input" if events is None else "--events")
    made_by = engine_name(engine)
    if snapshot is not None:
        require_raw(snapshot, is_raw=events is not None and mapping is None)
    check_output(given, target, is_events=events is not None)
    # What cannot be read at all is refused before anything is made.
    first_look = None if events is not None else BatchInput.open(given)
    accepted = {**(evidence or {}), **({"accept_drift": accept_drift} if accept_drift else {})}
    if without:
        accepted["without"] = ", ".join(sorted(without))
    network = None
    if snapshot is not None:
        # The feature engine takes a second to import: a batch without a snapshot does not wait.
        from creditloom.serving.whole.network_snapshot import OpenSnapshot

        network = OpenSnapshot.open(Path(snapshot))
        accepted["snapshot"] = network.sha256
    # An empty choice is left out: the bundle then decides by its own product and law.
    chosen = {name: value for name, value in (("product", product), ("law", law)) if value}
    options = {"explain": explain, "language": language, **chosen}
    home = BatchFolder(batch_folder(target))
    with _home(home), ExitStack() as held:
        if home.is_erased():
            raise erased_before(home.root)
        # Only Spark opens one: features and decisions then share it.
        held.enter_context(one_session(threads))
        if first_look is not None:
            first_look = held.enter_context(readable(first_look, home.root))
        hashing = None if first_look is None else _hashing(first_look, threads)
        begun = unfinished(home, replace=replace)
        wish = Wish({**options, **accepted}, part_rows, first_look)
        uri = model if bundle else pinned(model, begun, wish)
        deciding = _deciding(uri, _path(bundle), Path(registry))
        features = None
        if first_look is not None and hashing is not None:
            batch_input = first_look.held_to(hashing())
        else:
            # The feature engine takes a second to import: a batch of features does not wait for it.
            from creditloom.serving.batch.events import Events, features_of

            tables = held.enter_context(_raw(given, mapping, home, max_bad_share))
            raw = Events(tables, as_of, made_by, max_bad_share, without, network)
            place = features_folder(target)
            is_kept = home.is_sealed() or any(home.parts())
            features = features_of(raw, deciding.bundle, place, is_kept=is_kept, replace=replace)
            first_look = BatchInput.open(features.matrix)
            batch_input = first_look.held_to(_hashing(first_look, threads)(), features.record)
        check_inputs_apart(batch_input.files, target)
        inputs = _checked_columns(batch_input, deciding.bundle, law)
        texts = texts_of(batch_input, inputs, deciding.bundle)
        request = {**options, **accepted, "model": deciding.name, "today": _day(today, begun)}
        batch = Batch(
            source=batch_input,
            folder=home,
            columns=inputs,
            versions=deciding.versions(product),
            today=dt.date.fromisoformat(request["today"]),
            part_rows=part_rows,
            texts=texts,
            is_by_file=features is not None and features.is_by_shard,
        )
        sys.stderr.writelines(f"creditloom: {note}\n" for note in notes_on(batch, deciding.bundle))
        wanted = document(batch, request)
        folder, found = _working(home, wanted, held, replace=replace)
        check_exports(found.document, target, replace=replace)
        job = BatchJob(
            batch=dataclasses.replace(batch, folder=folder),
            bundle=deciding.bundle,
            # The sample is looked at for its scores only: its reasons are not worth their time.
            decide=deciding.decide({**options, "explain": "none"}),
            engine=parts_by(made_by, deciding, options, threads),
            is_drift_accepted=bool(accept_drift),
            threads=threads,
        )
        tally = Tally()
        key = private_key(sign)
        with (watched or _unwatched)(batch_input.rows) as progress:
            manifest, exports = job.run(found, tally, progress, key=key, output=target)
        if features is not None:
            features.put_in_place()
        if folder != home:
            with writing(home.root):
                swap(folder.root, home.root, FOLDER)
        put_in_place(exports)
        head = note_batch(Log.beside(home.root, _path(log)), home.root, manifest, key)
    return Scored(manifest, tally, str(head))


@contextmanager
def _home(home: BatchFolder) -> Iterator[None]:
    """Hold the folder of the batch, once what a killed `--replace` left is put right."""
    with writing(home.root):
        if not home.root.exists():
            recover(home.root, FOLDER)
    # Not even a lock is put into a folder of somebody else.
    require_batch(home)
    with home.claimed():
        recover(home.root, FOLDER)
        yield


@contextmanager
def _raw(
    given: Path, mapping: TableMapping | None, home: BatchFolder, max_bad_share: float
) -> Iterator[Path]:
    """Yield the folder of raw tables: the one given, or one that the mapping makes for the job.

    The latter lies in the folder of the batch, which every machine sees.
    """
    if mapping is None:
        yield given
        return
    place = home.root / COPIES
    try:
        # What a killed job left there.
        shutil.rmtree(place, ignore_errors=True)
        with mapped_folder(mapping, given, max_bad_share, place) as raw:
            sys.stderr.writelines(f"creditloom: {note}\n" for note in raw.notes)
            yield raw.path
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _working(
    home: BatchFolder, wanted: Mapping[str, Any], held: ExitStack, *, replace: bool
) -> tuple[BatchFolder, FoundBatch]:
    """Return the folder to write into, and what it holds for the batch.

    It is the one beside where another batch is to be replaced: that one stays until the new one is
    whole. Raises DataError where something else lies in either.
    """
    try:
        return home, found_batch(home, wanted)
    except TakenError:
        if not replace:
            raise
    require_ours(home.root, FOLDER)
    require_room(home.root)
    beside = home.beside()
    held.enter_context(beside.claimed())
    try:
        return beside, found_batch(beside, wanted)
    except TakenError:
        require_ours(beside.root, FOLDER)
    beside.clear()
    return beside, FoundBatch(wanted, {})


def _hashing(source: BatchInput, threads: int) -> Callable[[], tuple[FixedFile, ...]]:
    """Begin to hash the files of an input, and return a function that waits for the hashes.

    Meanwhile the model is loaded, which keeps one core at most.
    """
    pool = ThreadPoolExecutor(1)
    hashes = pool.submit(fixed, source.files, threads)
    pool.shutdown(wait=False)
    return hashes.result


def _deciding(uri: str, bundle: Path | None, registry: Path) -> DecidingModel:
    return (
        DecidingModel.of_uri(uri, registry) if bundle is None else DecidingModel.of_bundle(bundle)
    )


def _checked_columns(batch_input: BatchInput, bundle: Path, law: str) -> tuple[InputColumn, ...]:
    """Return the columns to read, once every file is known to hold them and no banned one."""
    # The first file decides which optional facts are there; the others must agree.
    _, first_schema = next(batch_input.schemas())
    inputs = columns(bundle, first_schema.names)
    for path, schema in batch_input.schemas():
        check_banned(schema, banned(bundle, law), path, [column.read_from for column in inputs])
        check_schema(schema, inputs, path, is_text=batch_input.is_csv)
    check_one_id_type(batch_input.schemas(), inputs[0].read_from)
    return inputs


def _unwatched(_rows: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _done: None)


def _path(given: Path | str | None) -> Path | None:
    return None if given is None else Path(given)


def _day(today: dt.date | None, begun: Mapping[str, Any] | None) -> str:
    """Return the day after which an as_of lies in the future.

    It is the day that was asked for, or else that of the earlier run of this batch, or else today:
    a batch that is continued after midnight must judge all its rows by one day.
    """
    if today is None and begun is not None:
        return str(begun["options"]["today"])
    return (today or dt.datetime.now(dt.UTC).date()).isoformat()
