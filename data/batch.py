"""A batch on disk: one Parquet file or a folder of them in; two files out, the decisions and what was set aside, both whole or absent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pyarrow as pa

from data.errors import DataError
from data.store import Writer, iter_tables, open_parquet


@dataclass(frozen=True)
class Batch:
    """`parts` are the input files in reading order; `rows` counts them all."""

    source: Path
    output: Path
    parts: tuple[Path, ...]
    rows: int

    @classmethod
    def open(cls, source: Path, output: Path) -> Batch:
        """Look at the input and the place of the output. DataError when there is nothing to decide, or the output would touch the input."""
        _check_output(source, output)
        parts = tuple(sorted(source.glob("*.parquet"))) if source.is_dir() else (source,)
        rows = sum(_rows(part) for part in parts)
        if not rows:
            raise DataError.of(
                "Nothing to decide", where=source, expected="one row or more", got=f"{len(parts)} files without rows",
                next_step="check the path; an empty batch is more often a mistake than meant",
            )  # fmt: skip
        return cls(source, output, parts, rows)

    @property
    def rejected(self) -> Path:
        """Where the rows go that are set aside."""
        return self.output.with_suffix(".rejected.parquet")

    def schemas(self) -> Iterator[tuple[Path, pa.Schema]]:
        """Each input file and its schema."""
        for part in self.parts:
            with open_parquet(part) as file:
                yield part, file.schema_arrow

    def blocks(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """The input in blocks of at most `rows` rows. DataError when a file turns out to be damaged."""
        try:
            yield from iter_tables(self.source, columns, rows)
        except (pa.ArrowException, OSError) as error:
            raise DataError.of(
                "Damaged Parquet file", where=self.source, expected="pages that can be read", got=str(error).splitlines()[0],
                next_step="write or copy the file again; nothing was written",
            ) from error  # fmt: skip

    def write(self, outcomes: Iterable[tuple[pa.Table, pa.Table]]) -> None:
        """Write pairs of (decisions, rejected rows) as they come; neither file appears before the last pair has been written."""
        pairs = iter(outcomes)
        first = next(pairs)
        with Writer(self.output, first[0].schema) as decisions, Writer(self.rejected, first[1].schema) as rejected:
            for decided, set_aside in chain([first], pairs):
                decisions.write(decided)
                rejected.write(set_aside)


def _rows(part: Path) -> int:
    with open_parquet(part) as file:
        return int(file.metadata.num_rows)


def _check_output(source: Path, output: Path) -> None:
    inside = output.resolve() == source.resolve() or source.resolve() in output.resolve().parents
    if output.suffix != ".parquet" or output.is_dir() or inside:
        raise DataError.of(
            "The output has no proper place", where=output, expected="a file named *.parquet outside the input",
            got="the input itself, or a file inside it" if inside else "another name", next_step="choose another --output",
        )  # fmt: skip
