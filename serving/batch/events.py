"""Make the input of a batch from raw events: the features that the model reads, as of one moment.

The features are kept beside the batch as its evidence.
"""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files as resources
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from creditloom.features.declare.registry import needed_tables
from creditloom.features.engine.engine import build
from creditloom.features.engine.raw_reader import RawFiles
from creditloom.features.engine.shards import ShardedFiles, with_files
from creditloom.features.feature_params import FeatureParams
from creditloom.features.network.graph import Network, others
from creditloom.serving.batch.engine import EngineName
from creditloom.serving.batch.input import told
from creditloom.serving.inputs import columns
from creditloom.serving.registry.runtime import fingerprint
from creditloom.serving.whole.batch_matrix import moved, names_read, shaped
from creditloom.serving.whole.resume import libraries
from creditloom.serving.whole.shard_features import MATRICES, LakeRun, write_shards
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.contract.row_rules import Period
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import FEATURES, FIRST_FORMAT, read_document
from creditloom.storage.files.outputs import (
    FolderKind,
    json_keys,
    new_folder,
    place_beside,
    recover,
    require_ours,
    require_room,
    swap,
)
from creditloom.storage.files.store import matrix_writer, write_json
from creditloom.storage.folders.identity import FixedFile, fixed
from creditloom.storage.folders.lake_lists import is_lake, read_lake
from creditloom.storage.folders.raw_folder import raw_tables
from creditloom.storage.lake.receipts import fixed_by_receipts, require_bytes
from creditloom.storage.mapped.mapped_folder import keep_aside
from creditloom.storage.mapped.text_ids import ids_file, with_own_ids
from creditloom.storage.sources import now

if TYPE_CHECKING:
    # That module reads this one.
    from creditloom.serving.whole.network_snapshot import OpenSnapshot

MARK = "features.json"
MATRIX = "matrix.parquet"
# What the folder of features holds.
FOLDER = FolderKind(
    what="features of a batch",
    mark=MARK,
    keys=frozenset({"files", "as_of", "columns"}),
    names=(MATRIX, f"{MATRICES}/shard-[0-9]*.parquet", "quarantine/**"),
)
# The first format that knows the raw tables by their content.
FIRST_WITH_CONTENT = 3
HASHING_THREADS = 2
# No event is older: such a date is an unset clock.
EARLIEST = dt.datetime(1990, 1, 1)
# Inside the work folder: applications with another as_of.
MOVED = "moved.parquet"


@dataclass(frozen=True)
class Events:
    """Raw tables to make features of: their folder, the moment of decision, and how.

    `as_of` None is that of each application. A table with a larger share of bad rows than
    `max_bad_share` is refused. Tables that the bundle's inputs are made of must be there, or be
    named in `without`. What other people's rows say is read of the `snapshot` where one is given.
    """

    path: Path
    as_of: dt.datetime | None
    engine: EngineName
    max_bad_share: float
    without: Collection[str] = ()
    snapshot: OpenSnapshot | None = None

    @property
    def network(self) -> Network:
        """Where the engine takes from what other people's rows say."""
        return others if self.snapshot is None else self.snapshot.network.others


@dataclass(frozen=True)
class Features:
    """The matrix of a batch: the folder in which it lies, and the one in which it will.

    They differ while the features of another batch lie there, which a new one replaces when it is
    whole.
    """

    made: Path
    place: Path

    @property
    def is_by_shard(self) -> bool:
        """Whether each shard of a lake has a file of its own, in the order of the shards."""
        return (self.made / MATRICES).is_dir()

    @property
    def matrix(self) -> Path:
        """The file that the batch reads, or the folder of the shards' files."""
        return self.made / (MATRICES if self.is_by_shard else MATRIX)

    @property
    def record(self) -> Path:
        """The file or folder that batch.json names."""
        return self.place / self.matrix.name

    def put_in_place(self) -> None:
        """Let the features take the place of those of the batch of before."""
        if self.made != self.place:
            swap(self.made, self.place, FOLDER)


def features_of(
    source: Events, bundle: Path, place: Path, *, is_kept: bool, replace: bool
) -> Features:
    """Return the features of a batch; they are made once, and reused by the same command.

    Bad rows of the raw tables go to `quarantine/` beside the matrix. `is_kept` says that a batch
    was made of the features that lie at `place`: they stay as they are, and others are refused, or
    wait beside them where the batch is to be replaced (`replace`).
    Raises DataError as `creditloom.storage.contract.contract.check_tables`.
    """
    raw = _raw_files(source)
    request = _asked(source, raw, bundle)
    recover(place, FOLDER)
    if _is_made(place, request, source):
        return Features(place, place)
    if is_kept and place.exists():
        if not replace:
            raise _taken(place)
        require_ours(place, FOLDER)
        require_room(place)
        made = place_beside(place, "next")
        recover(made, FOLDER)
        if _is_made(made, request, source):
            return Features(made, place)
    else:
        made = place
    with new_folder(made, FOLDER) as work:
        contents = {file.path: file.sha256 for file in raw}
        _make(work, source, bundle, request["columns"], contents)
        for file in raw:
            file.check()
        write_json(request, work / MARK)
    return Features(made, place)


def _raw_files(source: Events) -> tuple[FixedFile, ...]:
    """Return the files of the raw tables, fixed; DataError where the snapshot is of others."""
    by_table = raw_tables(source.path)
    files = sorted(chain.from_iterable(by_table.values()))
    texts = ids_file(source.path)
    # The texts of the ids stand in the matrix: other texts make another one.
    beside = [] if texts is None else [texts]
    if is_lake(source.path):
        # Whoever reads a shard compares its bytes with the receipts.
        known = fixed_by_receipts(read_lake(source.path))
        raw = (*(known[file] for file in files), *fixed(beside, HASHING_THREADS))
    else:
        raw = fixed([*files, *beside], HASHING_THREADS)
    if source.snapshot is not None:
        at = {file.path: file for file in raw}
        names = [name for name in by_table if name not in source.without]
        given = {name: [at[path] for path in by_table[name]] for name in names}
        source.snapshot.require_made_of(given)
    return raw


def _make(
    work: Path,
    source: Events,
    bundle: Path,
    columns: Sequence[str],
    contents: Mapping[Path, str],
) -> None:
    """Write the features and the quarantine of the raw tables into `work`."""
    checked = check_tables(
        source.path,
        work / "quarantine",
        work / "clean",
        max_bad_share=source.max_bad_share,
        period=Period(EARLIEST, now()),
        needed=needed_tables(columns),
        without=source.without,
        contents=contents,
    )
    if source.snapshot is not None:
        source.snapshot.require_same_rows(work / "quarantine")
    keep_aside(source.path, work / "quarantine")
    # Told, as what is null for want of a table looks like what is null for want of events.
    sys.stderr.writelines(f"creditloom: {note}\n" for note in checked.notes)
    if isinstance(checked.files, ShardedFiles):
        _of_lake(work, source, bundle, checked.files)
    else:
        if is_lake(source.path):
            require_bytes(read_lake(source.path))
        sys.stderr.writelines(f"creditloom: {note}\n" for note in _slower(source))
        sources = _as_of(checked.files, source.as_of, work)
        params = FeatureParams(engine=source.engine)
        blocks = build(sources, params, names_read(bundle), source.network)
        _write(blocks, bundle, work / MATRIX, source.path)
    # Copies that were needed for the features only; the quarantine stays.
    if (work / "clean").is_dir():
        shutil.rmtree(work / "clean")
    (work / MOVED).unlink(missing_ok=True)


def _of_lake(work: Path, source: Events, bundle: Path, files: ShardedFiles) -> None:
    """Write the features of a lake into `work`, a file for each shard."""
    snapshot = None if source.snapshot is None else source.snapshot.network
    run = LakeRun(read_lake(source.path), files, source.as_of, source.engine, snapshot)
    write_shards(run, bundle, work)


def _slower(source: Events) -> Iterator[str]:
    """Yield what a person should know who lets Spark read what is not cut by person."""
    if source.engine == "spark":
        yield (
            f"{source.path} is not cut by person, so Spark shuffles all rows first, at many times "
            f"the CPU; `creditloom lake add LAKE {source.path} --name NAME` cuts it once"
        )


def _taken(place: Path) -> DataError:
    return DataError.of(
        "The features of another batch lie there",
        where=place,
        expected="the same events, moment and model, or no features",
        got="others, which a batch was made of",
        next_step="choose another --output, or add --replace: batch and features stay until the "
        "new ones are whole",
    )


def _is_made(target: Path, request: Mapping[str, Any], source: Events) -> bool:
    """Return whether `target` holds the matrix of this request, whatever release wrote it."""
    is_there = (target / MATRIX).is_file() or (target / MATRICES).is_dir()
    if not json_keys(target / MARK) or not is_there:
        return False
    before = read_document(target / MARK, FEATURES)
    if before.get("format", FIRST_FORMAT) < FIRST_WITH_CONTENT:
        return before == {**_asked_of_earlier(source, request), **_number(before)}
    return before == request


def _number(before: Mapping[str, Any]) -> dict[str, Any]:
    return {"format": before["format"]} if "format" in before else {}


def _as_of(files: RawFiles, as_of: dt.datetime | None, work: Path) -> RawFiles:
    """Return the files of the raw tables, decided as of `as_of` where given."""
    if as_of is None:
        return files
    return with_files(files, "applications", moved(files, as_of, work / MOVED))


def _asked(source: Events, raw: Sequence[FixedFile], bundle: Path) -> dict[str, Any]:
    """Return all that the matrix depends on."""
    files = []
    for file in raw:
        name = told(file.path.relative_to(source.path))
        files.append([name, file.state.size, file.sha256])
    code = fingerprint(Path(str(resources("creditloom.features"))))
    asked: dict[str, Any] = {
        "format": FEATURES,
        "files": files,
        "as_of": None if source.as_of is None else source.as_of.isoformat(),
        "columns": [column.name for column in columns(bundle)],
        "made_by": {**libraries(), "features": code},
    }
    # No key where nothing is left out or read of a snapshot: earlier requests had none.
    if source.without:
        asked["without"] = sorted(source.without)
    if source.snapshot is not None:
        asked["snapshot"] = source.snapshot.sha256
    return asked


def _asked_of_earlier(source: Events, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request as formats 1 and 2 wrote it, by path, size and time of change."""
    files = [
        [str(file.relative_to(source.path)), file.stat().st_size, file.stat().st_mtime_ns]
        for file in sorted(source.path.rglob("*.parquet"))
    ]
    kept = {name: request[name] for name in ("as_of", "columns")}
    return {**kept, "events": str(source.path.absolute()), "files": files}


def _write(made: Iterator[pa.Table], bundle: Path, target: Path, root: Path) -> None:
    # A mapping numbers ids that are text: decisions name applications as the user does.
    blocks = (with_own_ids(block, root) for block in made)
    # The first block tells which columns there are; it is put back before the others.
    first = next(blocks)
    inputs = columns(bundle, first.schema.names)
    tables: Iterator[pa.Table] = (shaped(block, inputs) for block in chain([first], blocks))
    head = next(tables)
    with matrix_writer(target, head.schema) as writer:
        for table in chain([head], tables):
            # One file has one schema, whatever the types of a later block.
            writer.write(table.cast(head.schema))
