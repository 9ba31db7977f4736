"""Keep what an override says of a person beside the record, so that it can be erased.

A line of the record holds a commitment: BLAKE2b-256 of the person's values, salted with 16 random
bytes. Values and salt lie in `<record>.persons`, one JSON object a line. Once they are erased the
commitment tells nothing, and the chain of the record still proves the other lines. A line of the
record says which lines were erased; values that are gone without it are an error.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creditloom.serving.ledger.log.erasure import Erased, Note, register
from creditloom.serving.ledger.log.notes import now
from creditloom.storage.files.durable import beside
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import OVERRIDES
from creditloom.storage.files.record import Record, RecordError

# The kind of store under which the log names a record of overrides.
KIND = "overrides"
# The first format of a line that stands under a head.
HEADED = 3
# What an override says of a person.
VALUES = ("decision_id", "application_id", "limit_cny", "reason")
# The key of a line that holds the commitment, and of one that names erased lines.
COMMITMENT = "commitment"
ERASED = "erased"
SALT_BYTES = 16
DIGEST_BYTES = 32
Line = Mapping[str, Any]


def record(path: Path) -> Record:
    """Return the record of overrides in a file."""
    return Record(path, newest=OVERRIDES, headed=HEADED)


def values_file(path: Path) -> Path:
    """Return the file beside a record that holds the persons' values."""
    return path.with_name(f"{path.name}.persons")


def salted(values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the commitment to a person's values, and the values with a new salt."""
    kept = {**values, "salt": secrets.token_hex(SALT_BYTES)}
    return _commitment(kept), kept


def _commitment(kept: Mapping[str, Any]) -> str:
    content = json.dumps([kept[name] for name in VALUES], ensure_ascii=False, allow_nan=False)
    salt = bytes.fromhex(kept["salt"])
    return hashlib.blake2b(content.encode(), digest_size=DIGEST_BYTES, salt=salt).hexdigest()


def add_values(path: Path, number: int, kept: Mapping[str, Any]) -> None:
    """Add the values of line `number` (from 1), on the disk when this returns.

    They come before the line itself: a line without its values would be an error, and values
    without their line are those of a writer that was killed; they give way here.
    """
    before = [line for line in _lines(values_file(path)) if line["line"] < number]
    _write(values_file(path), [*before, {"line": number, **kept}])


def with_values(path: Path, lines: Sequence[Line]) -> list[dict[str, Any] | None]:
    """Return each line of a record with its person's values; None for one that is no override.

    So for a line that was erased, and for one that says so. Raises RecordError for values that do
    not fit their line, or are gone without an erasure.
    """
    by_number = {line["line"]: line for line in _lines(values_file(path))}
    erased = {number for line in lines for number in line.get(ERASED, ())}
    found = enumerate(lines, start=1)
    return [_joined(path, n, line, by_number.get(n), n in erased) for n, line in found]


def _joined(
    path: Path,
    number: int,
    line: Line,
    kept: Line | None,
    is_erased: bool,
) -> dict[str, Any] | None:
    if ERASED in line:
        return None
    if COMMITMENT not in line:
        # Of release 0.2.0 and before: the line holds the values itself.
        return dict(line)
    if kept is None and is_erased:
        return None
    if kept is None or not _fits(kept, line):
        raise RecordError.of(
            "The values of a line are not those that it was made of",
            where=f"{values_file(path)}, of line {number}",
            expected="the values, or an erasure that names the line",
            got="nothing" if kept is None else "other values",
            next_step="restore the file from its copy",
        )
    rest = {name: value for name, value in line.items() if name != COMMITMENT}
    return {**rest, **{name: kept[name] for name in VALUES}}


def _fits(kept: Line, line: Line) -> bool:
    try:
        return _commitment(kept) == line[COMMITMENT]
    except (KeyError, ValueError):
        return False


@dataclass(frozen=True)
class OverrideStore:
    """A record of overrides."""

    path: Path

    def erase(self, persons: frozenset[str], note: Note) -> Erased:
        """Erase the persons' values; the lines of the record stay, with one more that says so."""
        with record(self.path).adding() as addition:
            lines = addition.before
            theirs = [n for n, line in self._values(lines) if line["application_id"] in persons]
            if theirs:
                entry = note({"count": len(theirs), "lines": theirs})
                told = {number for line in lines for number in line.get(ERASED, ())}
                if not told.issuperset(theirs):
                    addition.add({"date": now(), ERASED: theirs, "reason": entry["reason"]})
                self._drop(theirs)
        inline = [
            number
            for number, line in enumerate(lines, start=1)
            if line.get("application_id") in persons
        ]
        return Erased(len(theirs), tuple(self._left(inline)))

    def _values(self, lines: Sequence[Line]) -> Iterable[tuple[int, Line]]:
        # What is broken is refused before anything is erased, unless an erasure was interrupted.
        with_values(self.path, lines)
        found = (line for line in _lines(values_file(self.path)) if line["line"] <= len(lines))
        return ((line["line"], line) for line in found)

    def _drop(self, numbers: Collection[int]) -> None:
        file = values_file(self.path)
        _write(file, [line for line in _lines(file) if line["line"] not in numbers])

    def _left(self, numbers: list[int]) -> Iterable[str]:
        if numbers:
            named = ", ".join(map(str, numbers))
            yield (
                f"{self.path.name}, line {named}: written by an earlier release, which put the "
                "values into the chain; move the record away and keep it no longer than you must"
            )


def _lines(file: Path) -> list[dict[str, Any]]:
    if not file.is_file():
        return []
    try:
        text = file.read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text.split("\n") if line]
        if all(isinstance(line["line"], int) for line in lines):
            return lines
    except (ValueError, TypeError, KeyError) as error:
        raise _broken(file, str(error)) from error
    raise _broken(file, "a line without its number")


def _broken(file: Path, got: str) -> DataError:
    return DataError.of(
        "The file of persons' values is broken",
        where=file,
        expected="one JSON object a line, with the number of its line in the record",
        got=got,
        next_step="restore the file from its copy",
    )


def _write(file: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Write the file whole, on the disk when this returns."""
    with beside(file) as draft, draft.open("w", encoding="utf-8", newline="\n") as out:
        # In ASCII: no character in a text is taken for the end of a line.
        out.writelines(f"{json.dumps(line, sort_keys=True, allow_nan=False)}\n" for line in lines)


register(KIND, OverrideStore)
