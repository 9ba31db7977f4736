"""The versions that decided a batch, found again: in the registry, or in a bundle that is named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from creditloom.serving.batch.deciding_model import DecidingModel
from creditloom.serving.batch.input import BatchInput, blocks
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.inputs import InputColumn
from creditloom.serving.ledger.earlier import decides_equally
from creditloom.serving.ledger.hashing import canonical, row_hashes
from creditloom.serving.ledger.replay import Decide
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_table

REGISTERED = "models:/"


def model_of(asked: Mapping[str, Any], bundle: Path | None, registry: Path) -> DecidingModel:
    """The model named in batch.json, or the bundle given; DataError unless every piece is the one that decided.

    The code may be today's in place of an earlier release's that is known to decide equally (`earlier`).
    """
    name = asked["options"]["model"]
    is_registered = bundle is None and name.startswith(REGISTERED)
    found = (
        DecidingModel.of_uri(name, registry)
        if is_registered
        else DecidingModel.of_bundle(bundle or Path(name))
    )
    wanted, here = asked["versions"], found.versions(asked["options"].get("product", "")).as_dict()
    differing = [piece for piece in wanted if wanted[piece] != here[piece]]
    if differing and (is_registered or not decides_equally(wanted, here)):
        raise DataError.of(
            "These are not the versions that decided", where=found.name,
            expected=f"bundle {wanted['bundle'][:12]}, code {wanted['code'][:12]}",
            got=f"another {', '.join(differing)}",
            next_step="name the bundle with --bundle; where the code differs, replay with the release of that day",
        )  # fmt: skip
    return found


# One decision of a batch: where the ledger says that its input lies, and whether deciding it again gives the same.

ID = "application_id"
CSV_TYPES = {
    "time": pa.timestamp("us"),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "text": pa.string(),
}


def asked(batch: BatchFolder) -> dict[str, Any]:
    """What batch.json says; DataError where there is no batch."""
    found = batch.asked()
    if found is None:
        raise DataError.of(
            "No batch there", where=batch.root, expected="batch.json, as `creditloom score` writes it", got="none",
            next_step="name the output folder of a batch; for `--output x.parquet` that is x.batch",
        )  # fmt: skip
    return found


def types(columns: tuple[InputColumn, ...]) -> dict[str, pa.DataType]:
    """How CSV is read; ids are text or whole numbers, as they look."""
    return {column.name: CSV_TYPES.get(column.kind, pa.int64()) for column in columns}


def one(
    batch: BatchFolder,
    decision_id: str,
    source: Path | None,
    columns: tuple[InputColumn, ...],
    decide: Decide,
) -> dict[str, Any]:
    """Decide the one application again; the outcome as `creditloom replay` tells it."""
    decision, entry = _kept(batch, decision_id)
    names = [column.name for column in columns]
    row = (
        _by_place(batch, entry, names)
        if source is None
        else _by_id(source, decision[ID][0], columns)
    )
    read = canonical(row, columns)
    if row_hashes(read)[0] != entry["row_hash"]:
        return _outcome(decision, entry, other_input=True, differing=[])
    again = decide(read).cast(decision.schema)
    return _outcome(
        decision,
        entry,
        other_input=False,
        differing=[name for name in names_of(decision) if again[name] != decision[name]],
    )


def names_of(decision: pa.Table) -> list[str]:
    """The columns of a decision."""
    return list(decision.schema.names)


def _kept(batch: BatchFolder, decision_id: str) -> tuple[pa.Table, dict[str, Any]]:
    for receipt in batch.finished():
        ids = read_table(batch.file("ledger", receipt["part"]), ["decision_id"])["decision_id"]
        place = pc.index(ids, pa.scalar(decision_id)).as_py()
        if place >= 0:
            tables = (
                read_table(batch.file(kind, receipt["part"])).slice(place, 1)
                for kind in ("decisions", "ledger")
            )
            decision, ledger = tables
            return decision.combine_chunks(), ledger.to_pylist()[0]
    raise DataError.of(
        "No such decision", where=batch.root, expected="the decision_id of one of its decisions", got=decision_id,
        next_step="look it up in decisions/ by application_id",
    )  # fmt: skip


def _by_place(batch: BatchFolder, entry: dict[str, Any], names: list[str]) -> pa.Table:
    """The row where the ledger says that it lies."""
    given = asked(batch)["input"]
    source = BatchInput.open(Path(given["path"]))
    for path, file in zip(source.files, source.fingerprints, strict=True):
        if file.footer_sha256 == entry["input_file"]:
            return source.row(path, entry["row_group"], entry["row"], names)
    raise DataError.of(
        "The input file is not there any more", where=given["path"], expected=f"a file with the footer {entry['input_file'][:12]}",
        got=", ".join(file.footer_sha256[:12] for file in source.fingerprints[:3]), next_step="give a copy of the row's file with --input",
    )  # fmt: skip


def _by_id(source: Path, application: pa.Scalar, columns: tuple[InputColumn, ...]) -> pa.Table:
    """The row with the id of the application."""
    for block in blocks(source, {**types(columns), ID: application.type}, 65_536):
        found = block.filter(pc.equal(block[ID], application.cast(block.schema.field(ID).type)))
        if len(found):
            return found.slice(0, 1)
    raise DataError.of(
        "The application is not in this file", where=source, expected=f"a row with {ID} {application}", got="none",
        next_step="give the file that the batch read, or a copy of the row",
    )  # fmt: skip


def _outcome(
    decision: pa.Table, entry: dict[str, Any], *, other_input: bool, differing: list[str]
) -> dict[str, Any]:
    kept = decision.to_pylist()[0]
    told = [f"{name}: {value}" for name, value in kept.items() if name != "reasons"]
    told += [f"reason: {reason['text']}" for reason in kept["reasons"]]
    told += [
        f"{name} {entry[name]}"
        for name in ("bundle", "model", "calibration", "policy", "product", "law", "code")
    ]
    if differing:
        told.append(f"decided again, these differ: {', '.join(differing)}")
    return {
        "decision": json.loads(json.dumps(kept, default=str)), "ledger": entry, "decisions": 1, "replayed": 1,
        "mismatches": int(other_input or bool(differing)), "other_input": [str(kept[ID])] if other_input else [],
        "other_decision": [str(kept[ID])] if differing else [], "told": told,
    }  # fmt: skip
