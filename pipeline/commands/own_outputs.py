"""Says what of the commands' outputs is ours, so that nothing else is replaced.

`storage/files/outputs.py` holds the rule. Here stand the marks of small outputs: a JSON file of
figures has its keys, a table the note of its kind (one of an earlier release: its columns), a page
its first line, and a picture the figures that lie beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from creditloom.storage.files.outputs import (
    KIND,
    FileKind,
    json_keys,
    kind_note,
    parquet_notes,
    require_ours,
)
from creditloom.storage.files.store import Writer, read_json

FIGURES = "figures.json"


def require_figures(path: Path, *keys: str) -> None:
    """Raise DataError where something else than figures of ours, with these keys, is at `path`."""
    require_ours(path, FileKind("figures", lambda file: json_keys(file) >= set(keys)))


def require_report(folder: Path, names: Iterable[str], *keys: str) -> None:
    """Raise DataError where the report's folder holds something else under a name of ours.

    The report is FIGURES with `keys` and, beside it, files of these names.
    """
    require_figures(folder / FIGURES, *keys)
    is_report = json_keys(folder / FIGURES) >= set(keys)
    _require_parts(folder, names, is_report=is_report)


def require_comparison(folder: Path, names: Iterable[str]) -> None:
    """Raise DataError like `require_report`, for figures by product, each with its refusals."""

    def is_marked(file: Path) -> bool:
        figures = read_json(file) if json_keys(file) else {}
        blocks = figures.values()
        return bool(figures) and all(isinstance(one, dict) and "refusals" in one for one in blocks)

    require_ours(folder / FIGURES, FileKind("figures", is_marked))
    is_report = (folder / FIGURES).is_file() and is_marked(folder / FIGURES)
    _require_parts(folder, names, is_report=is_report)


def _require_parts(folder: Path, names: Iterable[str], *, is_report: bool) -> None:
    for name in names:
        require_ours(folder / name, FileKind(f"a file beside {FIGURES}", lambda _: is_report))


def require_page(path: Path, text: str) -> None:
    """Raise DataError where something else than an earlier state of this page is at `path`."""
    first = text.partition("\n")[0]

    def is_marked(file: Path) -> bool:
        return file.read_bytes().partition(b"\n")[0].rstrip(b"\r") == first.encode()

    require_ours(path, FileKind(f"a page that begins with `{first}`", is_marked))


def require_table(path: Path, kind: str, columns: Iterable[str] = ()) -> None:
    """Raise DataError where something else than a table of this kind is at `path`.

    With `columns`, a table with exactly these counts as ours: an earlier release noted no kind.
    """
    require_ours(path, FileKind(f"a table of {kind}", _table_mark(kind, tuple(columns))))


def _table_mark(kind: str, columns: tuple[str, ...]) -> Callable[[Path], bool]:
    def is_marked(file: Path) -> bool:
        noted = parquet_notes(file).get(KIND)
        if noted is not None or not columns:
            return noted == kind.encode()
        try:
            names = pq.read_schema(file).names
        except (pa.ArrowException, OSError):
            return False
        return tuple(names) == columns

    return is_marked


def write_kind(table: pa.Table, path: Path, kind: str, version: int | None = None) -> None:
    """Write one Parquet file with the note of its kind, and of its format where it has one."""
    with Writer(path, table.schema, version=version, notes=kind_note(kind)) as writer:
        writer.write(table)
