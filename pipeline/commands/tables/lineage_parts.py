"""One number of a decision: where it stands, the rows that it was made of, and it made again."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from creditloom.features.contract.tables import APPLICATIONS
from creditloom.features.declare.declarations import FeatureSpec
from creditloom.features.declare.registry import Plan, plan
from creditloom.features.engine.listed_rows import (
    ListedRows,
    bases_of,
    listed,
    made_again,
    parts_of,
)
from creditloom.features.engine.raw_reader import connect, present
from creditloom.features.feature_params import FeatureParams
from creditloom.features.network.network_rows import (
    NetworkRows,
    network_rows,
    tables_of,
    values_again,
)
from creditloom.serving.batch.events import MARK
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.whole.batch_matrix import moved
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import FEATURES, read_document
from creditloom.storage.files.store import read_table
from creditloom.storage.folders.identity import fixed
from creditloom.storage.folders.raw_folder import raw_tables

DECISION_ID = "decision_id"
APPLICATION_ID = "application_id"
AS_OF = "as_of"


@dataclass(frozen=True)
class DecidedOn:
    """The application of a decision, and the moment at which it was decided."""

    decision_id: str
    application_id: int
    as_of: Any


@dataclass(frozen=True)
class Lineage:
    """A number with all that it was made of.

    `value` was decided on, `again` is made of the listed rows and, where others speak, of the whole
    files; NaN for null. `rows` are the person's own events by table, `network` the edges by
    feature, `files` the sha256 of the files that a network's value needs as a whole. `snapshot` is
    the sha256 of the network snapshot that a value of the network was read from; "" without one.
    """

    spec: FeatureSpec
    decision: DecidedOn
    value: float
    again: float
    rows: tuple[ListedRows, ...]
    network: dict[str, NetworkRows]
    files: dict[str, str]
    snapshot: str = ""

    @property
    def is_same(self) -> bool:
        """Whether it came out again to the bit."""
        return np.float64(self.value).tobytes() == np.float64(self.again).tobytes() or (
            bool(np.isnan(self.value)) and bool(np.isnan(self.again))
        )


class RawTables:
    """The raw tables of one folder, and the applications in them.

    `as_of` is the one moment that everyone was decided as of (`score --as-of`), None where each
    application was decided as of its own: consents of others count accordingly.
    """

    def __init__(self, folder: Path, threads: int = 2, as_of: dt.datetime | None = None) -> None:
        self.folder = folder
        self.sources = {
            name: [str(file) for file in files] for name, files in raw_tables(folder).items()
        }
        # What other people's rows say is made of these: the applications as they were decided.
        self.decided_sources = self.sources
        if as_of is not None:
            self._scratch = tempfile.TemporaryDirectory(prefix="creditloom-lineage-")
            file = Path(self._scratch.name) / "moved.parquet"
            applications = moved(self.sources, as_of, file)
            self.decided_sources = {**self.sources, APPLICATIONS.name: [*applications]}
        self.what: Plan = plan(present(self.sources))
        self.params = FeatureParams(engine="duckdb", threads=threads)
        self.snapshot_specs = {spec.name: spec for spec in self.what.snapshot}
        names = [column.name for column in APPLICATIONS.columns]
        tables = [pq.read_table(file) for file in self.sources[APPLICATIONS.name]]
        whole = pa.concat_tables(tables)
        self.applications = whole.select([name for name in names if name in whole.column_names])

    def spine(self, decision: DecidedOn) -> pa.Table:
        """Return the application of a decision, at the moment of the decision."""
        mask = pc.equal(self.applications[APPLICATION_ID], decision.application_id)
        found = self.applications.filter(mask).combine_chunks()
        if len(found) != 1:
            raise DataError.of(
                "The application is not in these raw tables",
                where=self.folder,
                expected=f"one application {decision.application_id}",
                got=len(found),
                next_step="name the raw tables that the features were made of with --raw",
            )
        at = found.column_names.index(AS_OF)
        moment = pa.array([decision.as_of], found.schema.field(at).type)
        return found.set_column(at, AS_OF, moment)

    def network_values(
        self, spines: Sequence[pa.Table], names: Sequence[str]
    ) -> dict[str, np.ndarray]:
        """Return what other people's rows say to some applications, from the whole tables."""
        if not names:
            return {}
        con = connect(self.params)
        together = pa.concat_tables(spines).combine_chunks()
        return values_again(con, self.decided_sources, together, names)

    def lineage(
        self, decision: DecidedOn, name: str, value: float, snapshot: dict[str, float] | None = None
    ) -> Lineage:
        """Return a number's lineage; `snapshot` are values of the network made before."""
        spine = self.spine(decision)
        parts = parts_of(name, self.what)
        others = [part for part in parts if part in self.snapshot_specs]
        rows = listed(self.sources, spine, bases_of(parts, self.what))
        edges: dict[str, NetworkRows] = {}
        files: dict[str, str] = {}
        if snapshot is None:
            made = self.network_values([spine], others)
            snapshot = {part: float(values[0]) for part, values in made.items()}
            con = connect(self.params)
            for part in others:
                spec = self.snapshot_specs[part]
                edges[part] = network_rows(con, self.decided_sources, spine, spec)
                files |= self._hashes(tables_of(spec))
        again = made_again(name, spine, {one.table: one.rows for one in rows}, snapshot)
        spec = next(spec for spec in self.what.specs if spec.name == name)
        return Lineage(spec, decision, value, again, rows, edges, files)

    def _hashes(self, tables: Sequence[str]) -> dict[str, str]:
        paths = [Path(file) for name in tables for file in self.sources.get(name, ())]
        return {str(one.path): one.sha256 for one in fixed(paths, 2)}


def decisions_at(path: Path) -> pa.Table:
    """Return id, application and moment of all decisions of a batch's folder, or of a file.

    Raises DataError where there is neither.
    """
    folder = BatchFolder(path)
    at = path / "decisions" if path.is_dir() and folder.asked() is not None else path
    return read_table(at, [DECISION_ID, APPLICATION_ID, AS_OF])


def decided_on(decisions: pa.Table, decision_id: str, path: Path) -> DecidedOn:
    """Return the decision with this id; DataError where there is none."""
    place = pc.index(decisions[DECISION_ID], pa.scalar(decision_id)).as_py()
    if place < 0:
        raise DataError.of(
            "No such decision",
            where=path,
            expected="the decision_id of one of its decisions",
            got=decision_id,
            next_step="name the batch, or the Parquet file, that holds it with --decisions",
        )
    return DecidedOn(**decisions.slice(place, 1).to_pylist()[0])


def matrix_of(path: Path, default: Path) -> Path:
    """Return the features that decisions were made on: the input of a batch, else the matrix."""
    asked = BatchFolder(path).asked() if path.is_dir() else None
    return default if asked is None else Path(asked["input"]["path"])


def one_moment(matrix: Path) -> dt.datetime | None:
    """Return the moment as of which everyone was decided; None where there is no such moment."""
    mark = matrix.parent / MARK
    if not mark.is_file():
        return None
    as_of = read_document(mark, FEATURES).get("as_of")
    return None if as_of is None else dt.datetime.fromisoformat(as_of)


def snapshot_of(path: Path) -> str:
    """Return the sha256 of the network snapshot that a batch was made with; "" without one."""
    asked = BatchFolder(path).asked() if path.is_dir() else None
    return "" if asked is None else str(asked["options"].get("snapshot", ""))


def recorded_value(matrix: Path, decision: DecidedOn, name: str) -> float:
    """Return the number that was decided on; NaN for null. DataError where it is not there."""
    found = pq.read_table(
        matrix, columns=[name], filters=[(APPLICATION_ID, "=", decision.application_id)]
    )
    if len(found) != 1:
        raise DataError.of(
            "The features of this application are not there",
            where=matrix,
            expected=f"one row of application {decision.application_id}",
            got=len(found),
            next_step="name the matrix that was decided on with --matrix",
        )
    value = found.column(name)[0].as_py()
    return float("nan") if value is None else float(value)
