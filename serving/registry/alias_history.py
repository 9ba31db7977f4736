"""Record every change of an alias, with date and reason, as one JSON object a line.

Lines are only ever added.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from creditloom.serving.registry.errors import RegistryError
from creditloom.storage.files.formats import ALIASES, of_line, to_line


@dataclass(frozen=True)
class Change:
    """One moved alias: `version` None means that it was taken away, `previous` None that it is new.

    `date` is UTC in ISO 8601.
    """

    date: str
    name: str
    alias: str
    version: int | None
    previous: int | None
    bundle_sha256: str
    reason: str


def append(change: Change, path: Path) -> None:
    """Add one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="\n") as lines:
        lines.write(to_line(asdict(change), ALIASES) + "\n")


def read(path: Path) -> tuple[Change, ...]:
    """Return all changes, oldest first; () where there was none.

    Raises DataError for a line that a later release wrote.
    """
    if not path.is_file():
        return ()
    changes = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        # A blank line is what an editor leaves; it is no change.
        if line:
            changes.append(Change(**of_line(line, ALIASES, f"{path}, line {number}")))
    return tuple(changes)


def was(changes: tuple[Change, ...], alias: str, version: int) -> bool:
    """Return whether `version` ever held `alias`."""
    return any(change.alias == alias and change.version == version for change in changes)


def moment(text: str) -> datetime:
    """Return a moment in ISO 8601 as UTC; a day alone means its last microsecond.

    A moment without a zone is taken as UTC. Raises RegistryError for anything else.

    >>> moment("2026-11-22").isoformat()
    '2026-11-22T23:59:59.999999+00:00'
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise RegistryError.of(
            "No such date",
            where="creditloom history --date",
            expected="2026-11-22 or 2026-11-22T10:00:00+00:00",
            got=text,
            next_step="write the year first",
        ) from error
    # The length tells a day alone: fromisoformat gives both as a datetime.
    if len(text) == len("2026-11-22"):
        parsed = datetime.combine(parsed, time.max)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed


def held(changes: tuple[Change, ...], alias: str, at: datetime) -> Change | None:
    """Return the last change of `alias` up to a moment: who held it then; None before the first."""
    of_alias = (change for change in reversed(changes) if change.alias == alias)
    return next((change for change in of_alias if datetime.fromisoformat(change.date) <= at), None)
