"""Find the model that decided a batch, and decide one of its applications again.

The model is the registered version that batch.json names, or a bundle that is given. The
application's input is read from where the ledger says that it lies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from creditloom.serving.batch.deciding_model import DecidingModel
from creditloom.serving.batch.input import BatchInput, blocks, input_files
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.batch.part import Decide
from creditloom.serving.inputs import InputColumn, layout_of
from creditloom.serving.ledger.earlier import decides_equally
from creditloom.serving.ledger.hashing import canonical, id_column, row_hashes
from creditloom.serving.own.csv_copies import readable
from creditloom.serving.own.text_columns import TextColumns
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import BATCH, read_document
from creditloom.storage.files.store import read_table
from creditloom.storage.own.csv_files import is_csv

REGISTERED = "models:/"


def model_of(asked: Mapping[str, Any], bundle: Path | None, registry: Path) -> DecidingModel:
    """Return the model that batch.json (`asked`) names, or that of the given bundle.

    The code may be today's in place of an earlier release's that is known to decide equally
    (`earlier`). Raises DataError unless every other piece is the one that decided.
    """
    name = asked["options"]["model"]
    is_registered = bundle is None and name.startswith(REGISTERED)
    if is_registered:
        deciding = DecidingModel.of_uri(name, registry)
    else:
        deciding = DecidingModel.of_bundle(bundle or Path(name))
    wanted = asked["versions"]
    here = deciding.versions(asked["options"].get("product", "")).as_dict()
    differing = [piece for piece in wanted if wanted[piece] != here[piece]]
    # A registered version brings its own code, so other code there is never an earlier release's.
    if differing and (is_registered or not decides_equally(wanted, here)):
        raise DataError.of(
            "These are not the versions that decided",
            where=deciding.name,
            expected=f"bundle {wanted['bundle'][:12]}, code {wanted['code'][:12]}",
            got=f"another {', '.join(differing)}",
            next_step="name the bundle with --bundle; where the code differs, replay with the "
            "release of that day",
        )
    return deciding


# One decision of a batch: its input read from its place, decided again, compared.

APPLICATION_ID = "application_id"
# The ledger's columns that are printed for a decision, in this order.
SHOWN_PIECES = ("bundle", "model", "calibration", "policy", "product", "law", "code")
# Rows read at a time when a row is looked for by its id.
SEARCHED_ROWS = 65_536


def asked(batch: BatchFolder) -> dict[str, Any]:
    """Return the content of batch.json; DataError where there is no batch."""
    request = batch.asked()
    if request is None:
        raise DataError.of(
            "No batch there",
            where=batch.root,
            expected="batch.json, as `creditloom score` writes it",
            got="none",
            next_step="name the output folder of a batch; for `--output x.parquet` that is x.batch",
        )
    return request


def texts_of(
    source: Path, columns: Sequence[InputColumn], bundle: Path, id_type: pa.DataType
) -> TextColumns | None:
    """Return how the texts of a CSV are read; None where the input has types.

    Its ids have the type that the ids of the batch have: a text id stays a text.
    """
    files = input_files(source)
    if not (files and is_csv(files[0])):
        return None
    is_whole = pa.types.is_integer(id_type)
    return TextColumns.of(columns, layout_of(bundle), has_whole_ids=is_whole)


def one(
    batch: BatchFolder,
    decision_id: str,
    source: Path | None,
    columns: tuple[InputColumn, ...],
    decide: Decide,
    bundle: Path,
) -> dict[str, Any]:
    """Decide one application again; return the outcome as `creditloom replay` prints it.

    `source` holds a copy of the input row; None reads it where the ledger says that it lies.
    Raises DataError where the decision or its input is not there.
    """
    decision, entry, row = located(batch, decision_id, source, columns, bundle)
    if row_hashes(row)[0] != entry["row_hash"]:
        # Another input makes another decision: comparing the two would say nothing.
        return _outcome(decision, entry, is_other_input=True, differing=[])
    again = decide(row).cast(decision.schema)
    differing = [name for name in decision.schema.names if again[name] != decision[name]]
    return _outcome(decision, entry, is_other_input=False, differing=differing)


def located(
    batch: BatchFolder,
    decision_id: str,
    source: Path | None,
    columns: tuple[InputColumn, ...],
    bundle: Path,
) -> tuple[pa.Table, dict[str, Any], pa.Table]:
    """Return a decision as a table of one row, its ledger entry, and its input row.

    `source` holds a copy of the input row; None reads it where the ledger says that it lies.
    Raises DataError where the decision or its input is not there.
    """
    decision, entry = _kept(batch, decision_id)
    if source is None:
        row = _by_place(batch, entry, decision[APPLICATION_ID][0], columns, bundle)
    else:
        row = _by_id(source, decision[APPLICATION_ID][0], columns, bundle)
    return decision, entry, canonical(row, columns)


def id_of(batch: BatchFolder, application: str) -> str:
    """Return the id of the decision on an application; DataError where the batch has none."""
    for file in sorted((batch.root / "receipts").glob("part-*.json")):
        part = read_document(file, BATCH)["part"]
        table = read_table(batch.file("decisions", part), ["decision_id", APPLICATION_ID])
        place = pc.index(table[APPLICATION_ID].cast(pa.string()), pa.scalar(application)).as_py()
        if place >= 0:
            return str(table["decision_id"][place])
    raise DataError.of(
        "No such application",
        where=batch.root,
        expected="the application_id of one of its decisions",
        got=application,
        next_step="look it up in decisions/, or in quarantine/ if it was set aside",
    )


def _kept(batch: BatchFolder, decision_id: str) -> tuple[pa.Table, dict[str, Any]]:
    """Return the decision as a table of one row, and its ledger entry."""
    for file in sorted((batch.root / "receipts").glob("part-*.json")):
        part = read_document(file, BATCH)["part"]
        ids = read_table(batch.file("ledger", part), ["decision_id"])["decision_id"]
        place = pc.index(ids, pa.scalar(decision_id)).as_py()
        # -1: not in this part.
        if place >= 0:
            decision = read_table(batch.file("decisions", part)).slice(place, 1)
            entry = read_table(batch.file("ledger", part)).slice(place, 1)
            return decision.combine_chunks(), entry.to_pylist()[0]
    raise DataError.of(
        "No such decision",
        where=batch.root,
        expected="the decision_id of one of its decisions",
        got=decision_id,
        next_step="look it up in decisions/ by application_id",
    )


def _by_place(
    batch: BatchFolder,
    entry: dict[str, Any],
    application: pa.Scalar,
    columns: tuple[InputColumn, ...],
    bundle: Path,
) -> pa.Table:
    """Return the row from the place that the ledger names."""
    names = [column.read_from for column in columns]
    path = asked(batch)["input"]["path"]
    texts = texts_of(Path(path), columns, bundle, application.type)
    with (
        TemporaryDirectory(prefix="creditloom-") as scratch,
        readable(BatchInput.open(Path(path)), Path(scratch)) as source,
    ):
        # A file is known by its content, not by its name: it may have been moved inside the folder.
        # An earlier release noted the sha256 of the footer.
        for index, fingerprint in enumerate(source.fingerprints):
            if entry["input_file"] in (fingerprint.sha256, fingerprint.footer_sha256):
                row = source.row(index, entry["row_group"], entry["row"], names)
                return row if texts is None else texts.typed(row)[0]
    # Features beside a batch from which persons were erased are another file with the same rows.
    if batch.is_erased() and batch.root.absolute().with_suffix(".features") in Path(path).parents:
        return _by_id(Path(path), application, columns, bundle)
    present = ", ".join(fingerprint.sha256[:12] for fingerprint in source.fingerprints[:3])
    raise DataError.of(
        "The input file is not there any more",
        where=path,
        expected=f"a file with the sha256 {entry['input_file'][:12]}",
        got=present,
        next_step="give a copy of the row's file with --input",
    )


def _by_id(
    source: Path, application: pa.Scalar, columns: tuple[InputColumn, ...], bundle: Path
) -> pa.Table:
    """Return the first row with the id of the application."""
    texts = texts_of(source, columns, bundle, application.type)
    for block in blocks(source, [column.read_from for column in columns], SEARCHED_ROWS):
        typed = block if texts is None else texts.typed(block)[0]
        ids = id_column(typed, columns)
        rows = typed.filter(pc.equal(ids, application.cast(ids.type)))
        if len(rows):
            return rows.slice(0, 1)
    raise DataError.of(
        "The application is not in this file",
        where=source,
        expected=f"a row with {APPLICATION_ID} {application}",
        got="none",
        next_step="give the file that the batch read, or a copy of the row",
    )


def _outcome(
    decision: pa.Table, entry: dict[str, Any], *, is_other_input: bool, differing: list[str]
) -> dict[str, Any]:
    values = decision.to_pylist()[0]
    application = str(values[APPLICATION_ID])
    lines = [f"{name}: {value}" for name, value in values.items() if name != "reasons"]
    lines += [f"reason: {reason['text']}" for reason in values["reasons"]]
    lines += [f"{name} {entry[name]}" for name in SHOWN_PIECES]
    if differing:
        lines.append(f"decided again, these differ: {', '.join(differing)}")
    # Through JSON, so that dates are texts, as a reader of the outcome gets them.
    plain = json.loads(json.dumps(values, default=str))
    return {
        "decision": plain,
        "ledger": entry,
        "decisions": 1,
        "replayed": 1,
        "missing": 0,
        "mismatches": int(is_other_input or bool(differing)),
        "other_input": [application] if is_other_input else [],
        "other_decision": [application] if differing else [],
        "told": lines,
    }
