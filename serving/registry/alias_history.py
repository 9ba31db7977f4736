"""Every change of an alias, with date and reason, one JSON object a line; lines are only ever added."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from creditloom.serving.registry.errors import RegistryError
from creditloom.storage.files.formats import ALIASES, of_line, to_line


@dataclass(frozen=True)
class Change:
    """One alias moved: `version` None means that it was taken away, `previous` None that it was new."""

    date: str  # UTC, ISO 8601
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
    """All changes, oldest first; () when there was none. DataError for a line that a later release wrote."""
    if not path.is_file():
        return ()
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    return tuple(
        Change(**of_line(line, ALIASES, f"{path}, line {number}")) for number, line in lines if line
    )


def was(changes: tuple[Change, ...], alias: str, version: int) -> bool:
    """Whether `version` ever held `alias`."""
    return any(change.alias == alias and change.version == version for change in changes)


def moment(text: str) -> datetime:
    """A moment in ISO 8601 as UTC; a day alone means its last microsecond. RegistryError for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise RegistryError.of(
            "No such date", where="creditloom history --date", expected="2026-11-22 or 2026-11-22T10:00:00+00:00", got=text,
            next_step="write the year first",
        ) from error  # fmt: skip
    if len(text) == len("2026-11-22"):
        found = datetime.combine(found, time.max)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def held(changes: tuple[Change, ...], alias: str, at: datetime) -> Change | None:
    """The last change of `alias` up to a moment: who held it then; None before the first."""
    known = (change for change in reversed(changes) if change.alias == alias)
    return next((change for change in known if datetime.fromisoformat(change.date) <= at), None)
