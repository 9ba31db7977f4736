"""State what a change of an alias is, and who held an alias when.

The changes are kept with the registry (`safety/change_log.py`). `aliases.jsonl` is a copy of them,
one JSON object a line; until release 0.2.0 it was the only record.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time
from json import JSONDecodeError
from pathlib import Path

from creditloom.serving.registry.errors import RegistryError
from creditloom.storage.files.formats import ALIASES, of_line, to_line

# What a change is: asked for by a person (MOVED), or one that MLflow was seen to have made without
# `creditloom promote` (SEEN), or one of an earlier release's local file (TAKEN), or the word that
# an earlier change was not carried out (VOID).
MOVED = "moved"
SEEN = "seen"
TAKEN = "taken"
VOID = "void"


@dataclass(frozen=True)
class Change:
    """One moved alias: `version` None means that it was taken away, `previous` None that it is new.

    `date` is UTC in ISO 8601. `number` counts the changes of a registered model from 1, `before` is
    the sha256 of the line of the one before; 0 and "" in the lines of a release that had neither.
    `voids` is the number of the change that a VOID takes back. `signature` is "" where nobody
    signs.
    """

    date: str
    name: str
    alias: str
    version: int | None
    previous: int | None
    bundle_sha256: str
    reason: str
    number: int = 0
    before: str = ""
    kind: str = MOVED
    voids: int | None = None
    signature: str = ""

    @property
    def line(self) -> str:
        """Return the change as a line of JSON."""
        return to_line(asdict(self), ALIASES)

    @property
    def is_asked(self) -> bool:
        """Return whether a person asked for it, and the gate let it pass."""
        return self.kind in (MOVED, TAKEN)


def of_text(line: str, where: object) -> Change:
    """Return the change of a line; RegistryError for another line, DataError for a later format."""
    try:
        return Change(**of_line(line, ALIASES, where))
    except (TypeError, AttributeError, JSONDecodeError) as error:
        raise RegistryError.of(
            "Not a change of an alias",
            where=where,
            expected="a line as `creditloom promote` writes it",
            got=str(error),
            next_step="take the line out of the file, and keep it for whoever asks",
        ) from error


def read(path: Path) -> tuple[Change, ...]:
    """Return all changes of a file, oldest first; () where there is none.

    Raises DataError for a line that a later release wrote, RegistryError for another line.
    """
    if not path.is_file():
        return ()
    # Split at newlines only: a reason may hold U+2028, at which `splitlines` would split too.
    lines = enumerate(path.read_text(encoding="utf-8").split("\n"), start=1)
    # A blank line is what an editor leaves; it is no change.
    return tuple(of_text(line, f"{path}, line {number}") for number, line in lines if line)


def effective(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Return the changes that were carried out, by date."""
    void = {change.voids for change in changes}
    done = (change for change in changes if change.kind != VOID and change.number not in void)
    # Lines of another clone's file are taken later than they were written; changes of one second
    # keep their order.
    return tuple(sorted(done, key=lambda change: moment(change.date)))


def was(changes: tuple[Change, ...], alias: str, version: int) -> bool:
    """Return whether `version` ever held `alias` because a person had asked for it."""
    asked = (change for change in effective(changes) if change.is_asked)
    return any(change.alias == alias and change.version == version for change in asked)


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
    of_alias = (change for change in reversed(effective(changes)) if change.alias == alias)
    return next((change for change in of_alias if moment(change.date) <= at), None)
