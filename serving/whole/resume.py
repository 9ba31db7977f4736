"""Tell what a folder holds for a batch that is asked for, and which of its parts are kept.

A batch is the same where all that its output depends on is the same (`document`). Where a file of
the input is another one, the parts that were made of other files are kept.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import metadata
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from creditloom.decision.score.contributions import digest
from creditloom.serving.batch import part, row_faults
from creditloom.serving.batch.input import BatchInput, told
from creditloom.serving.batch.output import FOLDER, BatchFolder
from creditloom.serving.batch.part import Batch, Receipt
from creditloom.serving.ledger import entries, hashing
from creditloom.serving.ledger.entries import link
from creditloom.serving.ledger.rows import leaves, words
from creditloom.serving.own import text_columns
from creditloom.storage.files import formats, outputs
from creditloom.storage.files.errors import DataError

# What the bytes of a batch depend on beside model and rules.
LIBRARIES = ("duckdb", "numba", "numpy", "pandas", "pyarrow")
# The code of this checkout that a registered version does not bring: rules of rows, texts of a CSV,
# hashes, the ledger, leaves, parts.
OWN_CODE = (row_faults, text_columns, hashing, entries, words, digest, leaves, part)
# What makes two batches the same, and what each is called.
WORDS = {
    "input": "input",
    "columns": "columns",
    "versions": "versions",
    "options": "options",
    "part_rows": "part_rows",
    "parts": "cut into parts",
    "made_by": "libraries or row rules",
}
# Of batch.json: a part ends where a file of the input does, too.
BY_FILE = "by file"
# The first format whose batch.json names the content of its input, and what made it.
FIRST_WITH_CONTENT = 3
# A registered model by an alias, which may move.
ALIAS = re.compile(r"models:/(?P<name>[^/@]+)@.+")
# A file that a part was made of: its name, its content, the first row and the rows of the part.
Origin = tuple[str, str, int, int]


class TakenError(DataError):
    """The folder holds another batch, or something else."""


@dataclass(frozen=True)
class FoundBatch:
    """What a folder holds for a batch: batch.json as it stays, and the receipts that are kept.

    `is_other_input` says that finished parts were made with another input, so that batch.json
    changes and the ids that occur more than once must be the same still.
    """

    document: Mapping[str, Any]
    kept: Mapping[int, Receipt]
    is_other_input: bool = False


def document(batch: Batch, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of batch.json: all that the output depends on."""
    source = batch.source
    path = told((source.place or source.source).absolute())
    files = [asdict(file) for file in source.fingerprints]
    # Whoever takes all parts for equally long must not read this one.
    by_file = {"parts": BY_FILE} if batch.is_by_file else {}
    return {
        "format": formats.BATCH_BY_FILE if batch.is_by_file else formats.BATCH,
        **by_file,
        "input": {"path": path, "files": files},
        "columns": batch.names,
        "versions": batch.versions.as_dict(),
        "options": dict(asked),
        "part_rows": batch.part_rows,
        "made_by": made_by(),
    }


def libraries() -> dict[str, str]:
    """Return the versions of Python and of the libraries that the bytes depend on."""
    python = ".".join(map(str, sys.version_info[:2]))
    return {"python": python, **{name: metadata.version(name) for name in LIBRARIES}}


@lru_cache(maxsize=1)
def made_by() -> dict[str, str]:
    """Return the versions of Python and libraries, and the sha256 of our own code per module."""
    code = {
        module.__name__.rpartition(".")[2]: link(Path(str(module.__file__)).read_text("utf-8"))
        for module in OWN_CODE
    }
    return {**libraries(), **code}


@dataclass(frozen=True)
class Wish:
    """What a command asks for, before its model is loaded; no input where that is to be made."""

    options: Mapping[str, str]
    part_rows: int
    source: BatchInput | None

    def is_of(self, before: Mapping[str, Any]) -> bool:
        """Return whether a batch.json asks for the same, as far as one can see without a model."""
        if before["part_rows"] != self.part_rows:
            return False
        if {**before["options"], **self.options} != before["options"]:
            return False
        return self.source is None or self.source.rows == sum(
            file["rows"] for file in before["input"]["files"]
        )


def unfinished(home: BatchFolder, *, replace: bool) -> dict[str, Any] | None:
    """Return the batch.json that a run may continue; None where it begins a new batch.

    A batch that is to be replaced is not continued, unless it was not finished.
    """
    beside = home.beside()
    folders = [beside, home] if replace else [home]
    for folder in folders:
        found = folder.asked() if FOLDER.is_marked(folder.root) else None
        if found is not None and not (replace and folder == home and folder.is_sealed()):
            return found
    return None


def pinned(uri: str, begun: Mapping[str, Any] | None, wish: Wish) -> str:
    """Return the model that decides: the version that the batch began with, or what `uri` names.

    An alias may move between a kill and the next run; the batch keeps its version.
    """
    alias = ALIAS.fullmatch(uri)
    if alias is None or begun is None or not wish.is_of(begun):
        return uri
    version = str(begun["options"]["model"])
    return version if version.startswith(f"models:/{alias['name']}/") else uri


def differences(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Return the keys of batch.json by which two batches differ.

    The path and the times of the input are not among them: a copy of the same bytes is the same.
    An earlier format knows its input by the footers, and not what made it.
    """
    number = before.get("format", formats.FIRST_FORMAT)
    is_earlier = number < FIRST_WITH_CONTENT
    keys = [key for key in WORDS if key != "input" and not (is_earlier and key == "made_by")]
    # No key `parts` where all parts have the same length.
    other = [key for key in keys if before.get(key) != wanted.get(key)]
    content = "footer_sha256" if is_earlier else "sha256"
    files = [_identities(one["input"]["files"], content) for one in (before, wanted)]
    return other if files[0] == files[1] else ["input", *other]


def _identities(files: Sequence[Mapping[str, Any]], content: str) -> list[tuple[Any, ...]]:
    return [(file["name"], file["rows"], file["bytes"], file[content]) for file in files]


def found_batch(folder: BatchFolder, wanted: Mapping[str, Any]) -> FoundBatch:
    """Return what the folder holds for the batch; TakenError where that is something else."""
    before = folder.asked()
    if before is None:
        return _without_request(folder, wanted)
    if not FOLDER.is_marked(folder.root):
        raise _taken(folder, "other files")
    kept = {receipt["part"]: receipt for receipt in folder.parts()}
    differing = differences(before, wanted)
    if not differing:
        return FoundBatch(before, kept)
    # Nothing is lost with a batch of which no part was finished.
    if not kept and not folder.is_sealed() and FOLDER.is_ours(folder.root):
        return FoundBatch(wanted, {})
    if differing == ["input"] and not folder.is_sealed() and _is_excused(folder, before, wanted):
        same = [number for number, receipt in kept.items() if _is_same(receipt, before, wanted)]
        return FoundBatch(wanted, {number: kept[number] for number in same}, is_other_input=True)
    raise _taken(folder, f"a batch with another {_told(differing, before, wanted)}")


def require_batch(folder: BatchFolder) -> None:
    """Raise TakenError where a folder holds something, and nothing tells that it is a batch."""
    if folder.root.is_dir() and not (
        FOLDER.is_marked(folder.root) or folder.is_blank() or any(folder.parts())
    ):
        raise _taken(folder, "other files")


def _without_request(folder: BatchFolder, wanted: Mapping[str, Any]) -> FoundBatch:
    """Return what a folder holds whose batch.json is torn, or was never written."""
    if folder.is_blank():
        return FoundBatch(wanted, {})
    kept = {receipt["part"]: receipt for receipt in folder.parts()}
    # The first receipt names the batch.json that it follows from.
    if 0 in kept and kept[0].get("previous") == link(wanted):
        return FoundBatch(wanted, kept)
    raise _taken(folder, "other files")


def _is_excused(folder: BatchFolder, before: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether no finished part was made of a file that changed, but for a damaged one."""
    if before.get("format", formats.FIRST_FORMAT) < FIRST_WITH_CONTENT:
        return False
    now = {(file["name"], file["sha256"]) for file in wanted["input"]["files"]}
    origins = (one for receipt in folder.parts() for one in origin(receipt, before))
    changed = {name for name, sha, *_ in origins if (name, sha) not in now}
    return changed <= {folder.damaged()}


def _is_same(receipt: Receipt, before: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    made_of = [origin(receipt, one) for one in (before, wanted)]
    return made_of[0] == made_of[1]


def origin(receipt: Receipt, asked: Mapping[str, Any]) -> list[Origin]:
    """Return the files and rows that a part is made of, by the input of a batch.json."""
    files = asked["input"]["files"]
    starts = list(accumulate((file["rows"] for file in files), initial=0))
    first = receipt["first"]
    # The last part of equal ones is longer in an input to which a file was added.
    rows_of_part = receipt["rows"] if asked.get("parts") == BY_FILE else asked["part_rows"]
    stop = min(first + rows_of_part, starts[-1])
    found = []
    for file, (start, end) in zip(files, pairwise(starts), strict=True):
        begin = max(first, start)
        rows = min(stop, end) - begin
        if rows > 0:
            found.append((file["name"], file["sha256"], begin - start, rows))
    return found


def begun(
    folder: BatchFolder, found: FoundBatch, repeated: Callable[[], str]
) -> dict[int, Receipt]:
    """Write batch.json into the folder, and return the receipts that are kept.

    Receipts that do not count any more are deleted first: whatever lies in the folder after a kill
    belongs to the batch.json that is there. `repeated` is the digest of the repeated ids.
    """
    kept = dict(found.kept)
    if found.is_other_input:
        # A row of the other input may repeat an id of a part that is finished.
        same = repeated()
        kept = {at: one for at, one in kept.items() if one["repeated_ids"] == same}
    stale = set(folder.receipts()) - {folder.receipt(number) for number in kept}
    if stale:
        folder.forget(stale)
    folder.write_asked(found.document)
    return kept


def missing_spans(kept: Mapping[int, Receipt], batch: Batch) -> Iterator[tuple[int, int]]:
    """Yield the rows (first, stop) of each run of parts that are to be made."""
    bounds = batch.bounds.tolist()
    count = len(bounds) - 1
    begin = 0
    for number in range(count + 1):
        if number == count or number in kept:
            if begin < number:
                yield bounds[begin], bounds[number]
            begin = number + 1


def _told(differing: Sequence[str], before: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Say by what two batches differ, and how, where that helps."""
    told_of = []
    for key in differing:
        details: list[str] = []
        if key == "made_by":
            pairs = {name: (before[key].get(name), value) for name, value in wanted[key].items()}
            details = [
                f"{name} {was}, now {now}" for name, (was, now) in pairs.items() if was != now
            ]
        elif key == "input":
            old = {tuple(sorted(file.items())) for file in before[key]["files"]}
            details = [
                file["name"]
                for file in wanted[key]["files"]
                if tuple(sorted(file.items())) not in old
            ]
        listed = ", ".join(detail[:80] for detail in details[: outputs.MAX_LISTED_FILES])
        told_of.append(WORDS[key] + (f" ({listed})" if listed else ""))
    return ", ".join(told_of)


def _taken(folder: BatchFolder, got: str) -> TakenError:
    strangers = FOLDER.strangers(folder.root)
    if folder.is_sealed() and not strangers:
        next_step = "choose another --output, or add --replace: the batch that is there stays until"
        next_step += " the new one is whole"
    elif folder.asked() is not None and not strangers:
        next_step = "run the command of the batch that is there to its end, or choose another"
        next_step += " --output"
    else:
        next_step = "choose another --output"
    return TakenError.of(
        "The output folder is taken",
        where=folder.root,
        expected="the same batch, or an empty or new folder",
        got=got,
        next_step=next_step,
    )
