"""Read what a lake says of itself: which files count, and the receipt of each.

`lake.json` is the lake: it names the list of each shard by the sha256 of its bytes, and a list
names files by theirs. What is not named does not count, whatever lies in the folder. So a new state
of the lake begins at the one moment in which `lake.json` is replaced. docs/lake.md describes it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from creditloom.features.contract.tables import TABLES
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import check_format, read_document

LAKE = "lake.json"
LISTS = "lists"
# The folder of rows that do not count.
ASIDE = "aside"
# What else lies in a lake, beside the folders of its tables.
LAKE_FOLDERS = (LAKE, LISTS, ASIDE, "ids")
# A run in the folder of its table.
RUN_NAME = re.compile(r"shard=\d{4,}/[\w.-]+-[0-9a-f]{16}\.parquet")
# The format of lake.json and of the lists.
FORMAT = 1
# The hash that says in which shard a person lies: features.engine.shards.
HASH = "fibonacci"
# Characters of a sha256 in the name of a file; the whole of it stands in the list.
SHORT = 16
Span = tuple[int, int] | None


@dataclass(frozen=True)
class RunFile:
    """The receipt of one run of one table in one shard: a file sorted by (person, time).

    `path` is relative to the lake. `keys`, `happened` and `known` are the smallest and largest key
    and times (microseconds, UTC); None where there is none. `addition` names what brought the rows.
    """

    table: str
    path: str
    sha256: str
    rows: int
    keys: Span
    happened: Span
    known: Span
    addition: str


@dataclass(frozen=True)
class AsideFile:
    """Rows of one table that do not count: how many, and by which rules.

    They are `waiting` where other rows may yet make them count: people who have not applied, or
    not agreed, and moments that lie ahead.
    """

    table: str
    path: str
    sha256: str
    rows: int
    rules: Mapping[str, int]
    waiting: bool


@dataclass(frozen=True)
class RawReceipt:
    """The receipt of one raw file as it was delivered: its name, bytes, rows and rows set aside."""

    table: str
    file: str
    sha256: str
    rows: int
    bad: int


@dataclass(frozen=True)
class Delivery:
    """One delivery: its name, the day it was added (UTC), and the receipts of its files."""

    name: str
    day: str
    sources: tuple[RawReceipt, ...]


@dataclass(frozen=True)
class LakeState:
    """All that a lake is. `root` is its folder.

    `columns` are the columns of each table, `rules` the version of the rules by which the rows were
    judged, `earliest` the first moment that an event may have. `numberings` are the files of ids
    that were text, `ids` the numbering of each column. `lists` are the sha256 of the shards' lists.
    """

    root: Path
    shards: int
    rules: str
    earliest: str
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lists: tuple[str, ...] = ()
    aside: tuple[AsideFile, ...] = ()
    additions: tuple[Delivery, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    numberings: Mapping[str, str] = field(default_factory=dict)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that are there, in the order of their declarations."""
        return tuple(name for name in TABLES if name in self.columns)

    @property
    def sources(self) -> frozenset[tuple[str, str]]:
        """Table and sha256 of every raw file that was added."""
        return frozenset(
            (source.table, source.sha256) for one in self.additions for source in one.sources
        )

    def runs(self, shard: int) -> tuple[RunFile, ...]:
        """Return the runs of a shard, oldest first. Raises DataError where the list is not it."""
        return read_list(self.root, shard, self.lists[shard])

    def all_runs(self) -> tuple[tuple[RunFile, ...], ...]:
        """Return the runs of every shard."""
        return tuple(self.runs(shard) for shard in range(self.shards))

    def as_json(self) -> dict[str, Any]:
        """Return the content of lake.json without its format."""
        content = asdict(self)
        del content["root"]
        return {**content, "hash": HASH}

    @classmethod
    def of(cls, root: Path, content: dict[str, Any]) -> Self:
        """Return the state that a document says."""
        additions = [
            Delivery(
                one["name"], one["day"], tuple(RawReceipt(**source) for source in one["sources"])
            )
            for one in content["additions"]
        ]
        columns = {name: tuple(names) for name, names in content["columns"].items()}
        aside = tuple(AsideFile(**one) for one in content["aside"])
        # table: the keys of lake.json
        return cls(
            root=root,
            shards=content["shards"],
            rules=content["rules"],
            earliest=content["earliest"],
            columns=columns,
            lists=tuple(content["lists"]),
            aside=aside,
            additions=tuple(additions),
            ids=content["ids"],
            numberings=content["numberings"],
        )


def is_lake(root: Path | str) -> bool:
    """Return whether a folder is a lake: whether its state lies in it."""
    return (Path(root) / LAKE).is_file()


def read_lake(root: Path | str) -> LakeState:
    """Return the state of a lake. Raises DataError for a broken one, and for a later format."""
    place = Path(root) / LAKE
    content = read_document(place, FORMAT)
    if content.get("hash") != HASH:
        raise _broken(place, f"hash {HASH}", f"hash {content.get('hash')!r}")
    try:
        state = LakeState.of(Path(root), content)
    except (KeyError, TypeError, AttributeError) as error:
        raise _broken(place, "the keys of a lake", f"{type(error).__name__}: {error}") from error
    if len(state.lists) != state.shards:
        raise _broken(place, f"{state.shards} lists", f"{len(state.lists)}")
    return state


def list_name(shard: int, sha256: str) -> str:
    """Return the relative path of a shard's list.

    >>> list_name(3, "5f0c" * 16)
    'lists/0003-5f0c5f0c5f0c5f0c.json'
    """
    return f"{LISTS}/{shard:04d}-{sha256[:SHORT]}.json"


def list_text(runs: tuple[RunFile, ...]) -> str:
    """Return the text of a shard's list: canonical JSON, one byte for one content."""
    content = {"format": FORMAT, "runs": [asdict(run) for run in runs]}
    return json.dumps(content, sort_keys=True, indent=0, ensure_ascii=False) + "\n"


def read_list(root: Path, shard: int, sha256: str) -> tuple[RunFile, ...]:
    """Return the runs of a shard. Raises DataError where the list is gone or has other bytes."""
    place = root / list_name(shard, sha256)
    text = place.read_bytes() if place.is_file() else b""
    got = hashlib.sha256(text).hexdigest()
    if got != sha256:
        raise _broken(place, f"sha256 {sha256[:SHORT]}", got[:SHORT] if text else "no file")
    content = json.loads(text)
    check_format(content, FORMAT, place)
    return tuple(_run(one) for one in content["runs"])


def _run(content: dict[str, Any]) -> RunFile:
    spans = {
        name: None if content[name] is None else (int(content[name][0]), int(content[name][1]))
        for name in ("keys", "happened", "known")
    }
    return RunFile(**{**content, **spans})


def _broken(place: Path, expected: str, got: str) -> DataError:
    return DataError.of(
        "The list of a lake is not what it was",
        where=place,
        expected=expected,
        got=got,
        next_step="restore the lake from its copy; `creditloom lake check` says what is whole",
    )
