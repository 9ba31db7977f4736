"""One file of decisions beside a batch's folder, for those who asked for a .parquet."""

from __future__ import annotations

from pathlib import Path

from data.batch_output import BatchFolder, writing
from data.errors import DataError
from data.store import Writer, iter_tables, open_parquet

SUFFIX = ".parquet"
EXPORTED = {"decisions": SUFFIX, "quarantine": ".rejected.parquet"}


def batch_folder(output: Path) -> Path:
    """Where the batch lies: the output itself, or `<name>.batch` beside the file that was asked for."""
    return output.with_suffix(".batch") if output.suffix == SUFFIX else output


def the_input(source: Path | None, events: Path | None) -> Path:
    """The one of --input and --events that is given; DataError for both or none."""
    given = [path for path in (source, events) if path is not None]
    if len(given) != 1:
        raise DataError.of(
            "One input is needed", where="creditloom score", expected="--input or --events", got=f"{len(given)} of them",
            next_step="give a table of features with --input, or a folder of raw tables with --events",
        )  # fmt: skip
    return given[0]


def check_output(source: Path, output: Path) -> None:
    """DataError where the output would touch the input, or is a file of another kind."""
    place = batch_folder(output).resolve()
    inside = source.resolve() in (place, output.resolve(), *place.parents) or (source.is_dir() and place in source.resolve().parents)
    is_folder_wanted = output.suffix != SUFFIX
    is_wrong = output.is_file() if is_folder_wanted else output.is_dir()
    if inside or is_wrong or (is_folder_wanted and output.suffix):
        raise DataError.of(
            "The output has no proper place", where=output, expected="a folder, or a file named *.parquet, outside the input",
            got="the input itself, or a place inside it" if inside else "another kind of file", next_step="choose another --output",
        )  # fmt: skip


def export(folder: BatchFolder, output: Path) -> None:
    """Write all parts as one file, and the rows set aside as <name>.rejected.parquet; nothing where a folder was asked for."""
    if output.suffix != SUFFIX:
        return
    with writing(output):
        for kind, suffix in EXPORTED.items():
            target = output.with_suffix(suffix)
            parts = sorted((folder.root / kind).glob("*.parquet"))
            if not parts:
                target.unlink(missing_ok=True)
                continue
            with open_parquet(parts[0]) as first:
                schema = first.schema_arrow
            with Writer(target, schema) as writer:
                for block in iter_tables(folder.root / kind, rows=131_072):
                    writer.write(block.cast(schema))
