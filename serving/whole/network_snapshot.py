"""A snapshot of the network as a folder: made of raw tables, known by a hash, checked when opened.

`snapshot.json` says as of when it stands, by which rules it was made, of which files, and the
sha256 of each table. The hash of all that is the snapshot's name in batches and in lineage. The
tables are those of `creditloom.features.network.snapshot_tables`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from typing import Any, Self

import numpy as np

from creditloom.features import clock
from creditloom.features.contract.tables import APPLICATIONS
from creditloom.features.engine.raw_reader import connect
from creditloom.features.feature_params import FeatureParams
from creditloom.features.network.graph import Network
from creditloom.features.network.snapshot_making import snapshot_of
from creditloom.features.network.snapshot_reading import NetworkSnapshot
from creditloom.features.network.snapshot_tables import MADE_OF
from creditloom.serving.batch.engine import EngineName
from creditloom.serving.batch.events import EARLIEST
from creditloom.serving.registry.runtime import fingerprint
from creditloom.serving.whole.cluster_snapshot import (
    fixed_of_lake,
    judged_again,
    write_cluster_tables,
)
from creditloom.serving.whole.resume import libraries
from creditloom.storage.contract.checked import Checked
from creditloom.storage.contract.contract import check_files
from creditloom.storage.contract.row_rules import Period
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import SNAPSHOT, read_document
from creditloom.storage.files.outputs import (
    FolderKind,
    json_keys,
    new_folder,
    require_apart,
    require_local,
    require_ours,
)
from creditloom.storage.files.store import read_table, write_json, write_table
from creditloom.storage.folders.identity import FixedFile, fixed
from creditloom.storage.folders.lake_lists import is_lake
from creditloom.storage.folders.raw_folder import raw_tables
from creditloom.storage.lake.receipts import LakePlace, by_receipts
from creditloom.storage.sources import now

MARK = "snapshot.json"
FOLDER = FolderKind(
    what="network snapshot",
    mark=MARK,
    keys=frozenset({"as_of", "rules", "sources", "tables", "aside", "sha256"}),
    names=(MARK, "*.parquet", "quarantine/**"),
)
# Inside the folder: raw rows that the contract set aside.
QUARANTINE = "quarantine"
HASHING_THREADS = 2
# Characters of a hash that tell two apart for a reader.
SHOWN = 12
AGAIN = "creditloom snapshot make --events RAW --as-of DATE --out FOLDER"
AGAIN_OF_THESE = f"make it again of these: {AGAIN}"


@dataclass(frozen=True)
class OpenSnapshot:
    """A snapshot whose tables are those of its manifest, made by the rules of this version."""

    path: Path
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a snapshot; DataError where it is none, was changed, or has other rules."""
        if not json_keys(path / MARK) >= FOLDER.keys:
            raise DataError.of(
                "No network snapshot lies there",
                where=path,
                expected=f"a folder with {MARK}",
                got="a file" if path.is_file() else "none",
                next_step=AGAIN,
            )
        manifest = read_document(path / MARK, SNAPSHOT)
        if manifest["sha256"] != hash_of(manifest):
            raise _changed(path / MARK, "the content that its sha256 says", "another content")
        for name, said in manifest["tables"].items():
            file = path / f"{name}.parquet"
            got = FixedFile.of(file).sha256 if file.is_file() else "no such file"
            if got != said["sha256"]:
                raise _changed(file, f"sha256 {said['sha256'][:SHOWN]}", got[:SHOWN])
        if manifest["rules"] != rules():
            raise DataError.of(
                "The snapshot was made by other rules",
                where=path,
                expected=f"rules {rules()[:SHOWN]}, those of this version of creditloom",
                got=f"rules {manifest['rules'][:SHOWN]}",
                next_step=f"make it again: {AGAIN}",
            )
        return cls(path, manifest)

    @property
    def sha256(self) -> str:
        """The hash of all that the snapshot holds and was made of."""
        return str(self.manifest["sha256"])

    @property
    def network(self) -> NetworkSnapshot:
        """What the engine reads."""
        files = {name: str(self.path / f"{name}.parquet") for name in self.manifest["tables"]}
        return NetworkSnapshot(files, _month(dt.datetime.fromisoformat(self.manifest["as_of"])))

    def read_beside(self, quarantine: Path) -> Network:
        """Return what reads the snapshot for raw rows without those in `quarantine`.

        Raises DataError as `require_same_rows`.
        """
        self.require_same_rows(quarantine)
        return self.network.others

    def require_made_of(self, raw: Mapping[str, Sequence[FixedFile]]) -> None:
        """Raise DataError unless the snapshot was made of these raw files, whatever their names.

        `raw` are the files that are read, by table. Applications do not count: who applies, and who
        withdrew a consent, is read of them at the decision.
        """
        for table in MADE_OF:
            made_of = sorted(file["sha256"] for file in self.manifest["sources"].get(table, ()))
            given = sorted(file.sha256 for file in raw.get(table, ()))
            if made_of != given:
                others = len(set(given) - set(made_of))
                raise DataError.of(
                    "The snapshot was made of other raw rows",
                    where=self.path,
                    expected=f"the {len(made_of)} files of {table} that it was made of",
                    got=f"{len(given)} files, {others} of them others",
                    next_step=f"{AGAIN_OF_THESE}; or give the raw tables it is of",
                )

    def require_same_rows(self, quarantine: Path) -> None:
        """Raise DataError unless the same raw rows were set aside as when the snapshot was made.

        The contract sets rows aside of people whom the applications do not name, or who never gave
        a consent. So other applications may mean other rows of the same files. `quarantine` holds
        what was set aside now.
        """
        for table in self.manifest["sources"]:
            if table in MADE_OF and aside_of(quarantine, table) != self.manifest["aside"][table]:
                raise DataError.of(
                    "The contract sets other raw rows aside than for the snapshot",
                    where=self.path,
                    expected=f"the rows of {table} that are not in {self.path / QUARANTINE}",
                    got="others, as the applications name other people or consents",
                    next_step=f"make the snapshot again: {AGAIN}",
                )


def make_snapshot(
    events: Path,
    as_of: dt.datetime,
    out: Path,
    *,
    max_bad_share: float = 0.05,
    without: Collection[str] = (),
    threads: int = 2,
    engine: EngineName = "duckdb",
) -> OpenSnapshot:
    """Write the snapshot of the month of `as_of` (naive UTC) into the folder `out`; return it.

    It serves decisions of any moment of that month. Rows that break the contract are left out and
    listed in `quarantine/`. A snapshot that lies there is replaced. `engine` is "duckdb" (here) or
    "spark" (on a cluster, of a lake); both write the same bytes. Raises DataError as
    `creditloom.storage.contract.contract.check_files`, where something else lies there, and for
    Spark where `events` is no lake whose receipts hold.
    """
    require_local(events, "--events")
    require_apart([out], [events])
    require_ours(out, FOLDER)
    names = [name for name in (APPLICATIONS.name, *MADE_OF) if name not in without]
    there = raw_tables(events)
    files = {name: there[name] for name in names if there.get(name)}
    raw = fixed_of_lake(events, files) if engine == "spark" else fixed_tables(files)
    month = _month(as_of)
    with new_folder(out, FOLDER) as work:
        clean = work / "clean"
        place = LakePlace(events, work / QUARANTINE, clean)
        checked = _checked(raw, events, place, max_bad_share, engine)
        if engine == "spark":
            tables = write_cluster_tables(work, events, checked.files, month, threads)
        else:
            tables = _tables(work, checked, month, threads)
        if clean.is_dir():
            shutil.rmtree(clean)
        for file in (file for name in raw for file in raw[name]):
            file.check()
        _write_manifest(work, month, raw, tables)
    return OpenSnapshot.open(out)


def _write_manifest(
    work: Path,
    month: int,
    raw: Mapping[str, Sequence[FixedFile]],
    tables: Mapping[str, Mapping[str, Any]],
) -> None:
    sources = {
        name: [{"name": file.path.name, "sha256": file.sha256} for file in raw[name]]
        for name in raw
    }
    # table: the manifest
    manifest = {
        "format": SNAPSHOT,
        "as_of": np.datetime64(month, "M").astype("datetime64[s]").item().isoformat(),
        "rules": rules(),
        "made_by": libraries(),
        "sources": sources,
        "tables": tables,
        "aside": {name: aside_of(work / QUARANTINE, name) for name in raw},
    }
    write_json({**manifest, "sha256": hash_of(manifest)}, work / MARK)


def _tables(work: Path, checked: Checked, month: int, threads: int) -> dict[str, dict[str, Any]]:
    """Write the tables of the snapshot, and return rows and sha256 of each."""
    con = connect(FeatureParams(threads=threads))
    written = {}
    for table, rows in snapshot_of(con, checked.files, month):
        file = work / f"{table.name}.parquet"
        write_table(rows, file)
        written[table.name] = {"rows": len(rows), "sha256": FixedFile.of(file).sha256}
    con.close()
    return written


def _checked(
    raw: Mapping[str, Sequence[FixedFile]],
    events: Path,
    place: LakePlace,
    max_bad_share: float,
    engine: EngineName,
) -> Checked:
    """Return the check of raw tables; of a lake by its receipts, as whoever reads the snapshot.

    Tasks of Spark compare the bytes of a lake with its receipts themselves.
    """
    period = Period(EARLIEST, now())
    files = {name: tuple(file.path for file in raw[name]) for name in raw}
    checked = None
    if is_lake(events):
        said = {file.path: file.sha256 for name in raw for file in raw[name]}
        contents = said if engine == "spark" else None
        checked = by_receipts(place, tuple(files), period, max_bad_share, contents)
    if checked is None and engine == "spark":
        raise judged_again(events)
    return checked or check_files(
        files, events, place.quarantine, place.clean, max_bad_share=max_bad_share, period=period
    )


def fixed_tables(files: Mapping[str, Sequence[Path]]) -> dict[str, tuple[FixedFile, ...]]:
    """Return the files of raw tables with their contents fixed."""
    return {name: fixed(files[name], HASHING_THREADS) for name in files}


def rules() -> str:
    """Return the version of the rules: the sha256 of the code that makes and reads the values."""
    features = Path(str(resources("creditloom.features")))
    rooms = ("network", "policy_inputs", "engine/cluster/network")
    parts = [fingerprint(features / name) for name in rooms]
    code = (features / "clock.py").read_bytes()
    return hashlib.sha256(b"".join((*map(str.encode, parts), code))).hexdigest()


def _month(as_of: dt.datetime) -> int:
    return int(clock.month_index(np.array([as_of], "datetime64[us]"))[0])


def aside_of(quarantine: Path, table: str) -> str:
    """Return a digest of the rows of a table that were set aside: their files and places."""
    file = quarantine / f"{table}.parquet"
    if not file.is_file():
        return ""
    rows = read_table(file, ["file", "row"])
    places = sorted(zip(rows["file"].to_pylist(), rows["row"].to_pylist(), strict=True))
    return hashlib.sha256(json.dumps(places).encode()).hexdigest()


def hash_of(manifest: Mapping[str, Any]) -> str:
    """Return the hash of a manifest: of all that it says but the hash itself."""
    said = {name: value for name, value in manifest.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _changed(where: Path, expected: str, got: str) -> DataError:
    return DataError.of(
        "The snapshot was changed after it was made",
        where=where,
        expected=expected,
        got=got,
        next_step=f"restore it from its copy, or make it again: {AGAIN}",
    )
