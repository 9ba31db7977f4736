"""Make a folder of raw tables in our contract out of files of the user's own, by a mapping.

A value that cannot be read sets its row aside, with file, row, rule, reason and the value as it was
stored. The folder appears whole or not at all; what else lies in it has names that no reader of raw
tables looks at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from creditloom.features.contract.tables import TABLES, Table
from creditloom.storage.contract.quarantine import path_of
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.foreign import Worded
from creditloom.storage.files.formats import write_document
from creditloom.storage.files.outputs import (
    FolderKind,
    new_folder,
    require_apart,
)
from creditloom.storage.files.store import ROW_GROUP, Writer
from creditloom.storage.mapped.column_values import ColumnReader, declared
from creditloom.storage.mapped.mapped_rows import MappedRows, too_many
from creditloom.storage.mapped.mapping import (
    MappedColumn,
    MappedFile,
    MappedTable,
    TableMapping,
    faults,
    nearest,
)
from creditloom.storage.mapped.own_files import OwnFile, batches, open_own
from creditloom.storage.mapped.text_ids import IDS, MAPPED, MARK, Numbering, write_ids

# Below the folder of the tables: the rows that were set aside.
ASIDE = "_set_aside"
RAW = FolderKind(
    what="raw tables made by a mapping",
    mark=MARK,
    keys=frozenset({"format", "tables", "ids"}),
    names=(*(f"{name}.parquet" for name in TABLES), f"{IDS}/*.parquet", f"{ASIDE}/*.parquet"),
)


@dataclass(frozen=True)
class Made:
    """One table as it was made: rows read, rows set aside, and rows per rule.

    `unused` are the columns of its file that nothing reads; () for a query. `null` are columns of
    the contract that the file does not have and that may be null. `examples` has the first value
    per rule.
    """

    rows: int
    bad: int = 0
    rules: Mapping[str, int] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    null: tuple[str, ...] = ()
    examples: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Source:
    """Rows of one table of the user's, before they are mapped."""

    file: OwnFile
    blocks: Iterator[tuple[str, int, pa.Table]]


def convert(
    mapping: TableMapping,
    root: Path,
    out: Path,
    max_bad_share: float,
    numberings: dict[str, Numbering] | None = None,
) -> Mapping[str, Made]:
    """Write the raw tables that a mapping makes of the files below `root`; return what was made.

    `numberings` are those of text ids that were numbered before, which go on.

    Raises DataError for a mapping that cannot be meant, with all of its faults at once; for a file,
    column or type that is not there; and where more than `max_bad_share` of a table's rows would be
    set aside. Raises ForeignError for a query that DuckDB refuses.
    """
    require_usable(faults(mapping), "the mapping")
    require_apart([out], [root])
    with new_folder(out, RAW) as work, TemporaryDirectory(prefix="creditloom-") as scratch:
        return write_tables(mapping, root, work, Path(scratch), max_bad_share, numberings)


def write_tables(
    mapping: TableMapping,
    root: Path,
    out: Path,
    scratch: Path,
    max_bad_share: float,
    numberings: dict[str, Numbering] | None = None,
) -> Mapping[str, Made]:
    """Write the raw tables into an empty folder, as `convert` does."""
    numberings = {} if numberings is None else numberings
    made: dict[str, Made] = {}
    with _opened(mapping, root, scratch) as own:
        require_usable(tuple(column_faults(mapping, own.columns)), "the mapping and the files")
        # Applications first, so that their ids have the smallest numbers.
        order = sorted(mapping.tables, key=lambda name: name != "applications")
        for name in order:
            made[name] = _make(own, name, numberings, out, max_bad_share)
    write_ids(numberings, out)
    ids = {
        f"{table}.{column}": spec.ids
        for table, body in mapping.tables.items()
        for column, spec in body.columns.items()
        if spec.ids
    }
    tables = {name: asdict(one) for name, one in made.items()}
    document = {"tables": tables, "ids": ids, "mapping": asdict(mapping)}
    write_document(document, out / MARK, MAPPED)
    return made


def require_usable(lines: tuple[str, ...], where: str) -> None:
    """Raise DataError with all lines, where there is any."""
    if lines:
        raise DataError.of(
            f"The mapping cannot be used: {len(lines)} fault{'s' * (len(lines) > 1)}",
            where=where,
            expected="files, tables and columns that are there, each meant in one way",
            got="".join(f"\n    {line}" for line in lines),
            next_step="correct these lines; docs/own_tables.md lists the keys",
        )


@dataclass
class OwnTables:
    """The user's files, opened, with DuckDB over them for queries.

    `columns` are the names of the columns of each table's rows, by table of the contract.
    """

    mapping: TableMapping
    files: dict[str, OwnFile]
    connection: duckdb.DuckDBPyConnection
    columns: dict[str, list[str]]

    def source(self, name: str, wanted: list[str]) -> _Source:
        """Return the rows of a table, with the columns that it reads."""
        rows = self.mapping.tables[name].rows
        if rows in self.files:
            return _Source(self.files[rows], batches(self.files[rows], wanted))
        result = self.connection.table(rows).to_arrow_reader(ROW_GROUP)
        return _Source(OwnFile(MappedFile(rows), (), result.schema), _blocks(rows, result))


@contextmanager
def _opened(mapping: TableMapping, root: Path, scratch: Path) -> Iterator[OwnTables]:
    files = {name: open_own(root, name, spec, scratch) for name, spec in mapping.files.items()}
    with ExitStack() as stack:
        connection = stack.enter_context(_connection(files.values()))
        for name, file in files.items():
            paths = ", ".join(path_of(part.path) for part in file.parts)
            rows = f"read_parquet([{paths}], hive_partitioning = false)"
            connection.execute(f"CREATE VIEW {_quoted(name)} AS SELECT * FROM {rows}")  # noqa: S608
        for name, query in mapping.queries.items():
            _view(connection, name, query)
        columns = {
            name: list(connection.table(table.rows).columns)
            for name, table in mapping.tables.items()
        }
        yield OwnTables(mapping, files, connection, columns)


def _connection(files: Iterable[OwnFile]) -> duckdb.DuckDBPyConnection:
    """Return DuckDB whose queries read the declared files, and no other file or address."""
    paths = (str(part.path) for file in files for part in file.parts)
    allowed = ", ".join("'{}'".format(path.replace("'", "''")) for path in paths)
    settings = (
        # One thread: rows of a query come in one order, whatever the machine.
        "threads = 1",
        "TimeZone = 'UTC'",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        f"allowed_paths = [{allowed}]",
        "enable_external_access = false",
        "lock_configuration = true",
    )
    connection = duckdb.connect()
    for setting in settings:
        connection.execute(f"SET {setting}")
    return connection


def _view(connection: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    """Let queries below, and tables, read the rows of a query under its name."""
    with Worded(f"queries.{name}"):
        statements = connection.extract_statements(query)
        if [one.type for one in statements] != [duckdb.StatementType.SELECT]:
            raise DataError.of(
                "A query of the mapping is no single SELECT",
                where=f"queries.{name}",
                expected="one SELECT; WITH may stand before it",
                got=f"{len(statements)} statements" if len(statements) != 1 else "another one",
                next_step="write one SELECT",
            )
        connection.execute(f"CREATE VIEW {_quoted(name)} AS {statements[0].query.rstrip('; ')}")


def _quoted(name: str) -> str:
    """Return a name for SQL.

    >>> _quoted('my "own" rows')
    '"my ""own"" rows"'
    """
    return '"' + name.replace('"', '""') + '"'


def _blocks(name: str, reader: pa.RecordBatchReader) -> Iterator[tuple[str, int, pa.Table]]:
    row = 0
    for batch in reader:
        yield name, row, pa.Table.from_batches([batch])
        row += len(batch)


def column_faults(mapping: TableMapping, there: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield a line for each column of the user's that is not there, and each that nothing maps."""
    for name, table in mapping.tables.items():
        names = there[name]
        for key, spec in {**table.columns, **table.keep}.items():
            if spec.column and spec.column not in names:
                hint = nearest(spec.column, names)
                yield f"tables.{name}: no column `{spec.column}` for `{key}`{hint}"
        for column in TABLES[name].columns:
            is_mapped = column.name in table.columns or column.name in names
            if not (is_mapped or column.nullable or column.optional):
                hint = nearest(column.name, names)
                yield (
                    f"tables.{name}.columns.{column.name}: missing ({column.type}, {column.doc})"
                    f"{hint}; name a `column`, or give a `constant`"
                )


def _make(
    own: OwnTables,
    name: str,
    numberings: dict[str, Numbering],
    out: Path,
    max_bad_share: float,
) -> Made:
    """Write one table and its rows set aside; return what was made."""
    table = own.mapping.tables[name]
    specs = _specs(TABLES[name], table, own.columns[name])
    wanted = list(dict.fromkeys(spec.column for spec in specs.values() if spec.column))
    source = own.source(name, wanted)
    readers = _readers(own, name, specs, source.file, numberings)
    null = tuple(c for c in TABLES[name].columns if c.name not in specs and not c.optional)
    columns = (*(reader.column for reader in readers), *null)
    schema = pa.schema([pa.field(column.name, column.type) for column in columns])
    tally = MappedRows(name)
    with Writer(out / f"{name}.parquet", schema, least_rows=ROW_GROUP) as writer:
        for part, first, rows in source.blocks:
            with Worded(f"tables.{name}"):
                good = tally.add(part, first, rows, readers)
            for column in null:
                good = good.append_column(column.name, pa.nulls(len(good), column.type))
            writer.write(good)
    if tally.bad > max_bad_share * tally.rows:
        raise too_many(tally, max_bad_share)
    tally.write(out / ASIDE / f"{name}.parquet")
    is_file = table.rows in own.files
    unused = set(own.columns[name]) - set(wanted) if is_file else ()
    return Made(
        rows=tally.rows,
        bad=tally.bad,
        rules=dict(sorted(tally.rules.items())),
        unused=tuple(sorted(unused)),
        null=tuple(column.name for column in null),
        examples=tally.examples,
    )


def _specs(declared_table: Table, table: MappedTable, there: list[str]) -> dict[str, MappedColumn]:
    """Return where each column comes from: as mapped, or the column of its own name."""
    specs = {}
    for column in declared_table.columns:
        if column.name in table.columns:
            specs[column.name] = table.columns[column.name]
        elif column.name in there:
            specs[column.name] = MappedColumn(column=column.name)
    specs = {**specs, **table.keep}
    if table.keep_others:
        read = {spec.column for spec in specs.values()} | set(specs)
        specs |= {name: MappedColumn(column=name) for name in there if name not in read}
    return specs


def _readers(
    own: OwnTables,
    name: str,
    specs: Mapping[str, MappedColumn],
    file: OwnFile,
    numberings: dict[str, Numbering],
) -> list[ColumnReader]:
    contract = {column.name: column for column in TABLES[name].columns}
    kinds = dict(file.kinds)
    readers = []
    for key, spec in specs.items():
        column = contract.get(key)
        if column is None:
            stored = file.schema.field(spec.column).type if spec.column else pa.string()
            column = declared(key, spec, stored, kinds.get(spec.column, ""))
        numbering = numberings.setdefault(spec.ids, Numbering()) if spec.ids else None
        readers.append(ColumnReader(spec, column, file.spec, own.mapping.zone, numbering))
    return readers
