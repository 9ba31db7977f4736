"""Someone can write every file and lacks the key: a kept root or the public key still tells.

What an insider makes anew here is everything that needs no key: hashes, leaves, receipts, manifest,
log and heads.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from creditloom.serving.batch.output import BatchFolder, sha256
from creditloom.serving.batch.part import counts
from creditloom.serving.ledger.entries import link
from creditloom.serving.ledger.hashing import decision_hashes
from creditloom.serving.ledger.log.log import Log
from creditloom.serving.ledger.log.notes import note_batch
from creditloom.serving.ledger.rows.leaves import as_words, leaf_root, part_leaves
from creditloom.serving.ledger.seal import FIGURES, sealed_manifest
from creditloom.serving.whole.export import noted_exports, put_in_place, staged_exports
from creditloom.storage.files.store import read_json, read_table, write_json, write_table
from tests.ledger.conftest import Command

SEED = 5
FLIPS = 60


@pytest.fixture
def signed(creditloom: Command, frame: Any, bundle: Path, tmp_path: Path) -> Path:
    """Three nights in one log, signed; the folder of the second."""
    assert creditloom("key", "new", "night.pem").exit_code == 0
    frame.to_parquet("in.parquet", row_group_size=16)
    for name in ("one", "two", "three"):
        words = ("--input", "in.parquet", "--output", f"{name}.parquet", "--bundle", str(bundle))
        given = ("--today", "2026-01-01", "--part-rows", "25", "--sign", "night.pem")
        assert creditloom("score", *words, *given).exit_code == 0
    return tmp_path / "two.batch"


def _findings(creditloom: Command, place: str, *words: str) -> list[str]:
    result = creditloom("verify", place, "--json", *words)
    findings = [found["where"] for found in json.loads(result.stdout)["findings"]]
    assert result.exit_code == (6 if findings else 0)
    return findings


def _is_told(creditloom: Command, place: str, *words: str) -> bool:
    """Return whether something is found; a file that is no JSON any more is refused by name."""
    try:
        return bool(_findings(creditloom, place, *words))
    except (SystemExit, KeyError, TypeError, ValueError, AttributeError):
        return True


def _kept(folder: Path) -> tuple[str, str]:
    """Return what an auditor keeps: root of the batch, head of the log."""
    root = read_json(folder / "manifest.json")["root"]
    return root, str(Log(folder.parent / "creditloom.ledger").head())


def test_what_was_signed_and_kept_is_accepted(creditloom: Command, signed: Path) -> None:
    root, head = _kept(signed)
    for words in (("--root", root), ("--root", head), ("--key", "night.pub")):
        assert _findings(creditloom, "two.batch", *words) == []
        assert _findings(creditloom, "creditloom.ledger", *words) == []
    assert _findings(creditloom, "two.parquet", "--key", "night.pub") == []


def _covered(folder: Path) -> Iterator[tuple[Path, list[int]]]:
    """Yield the files that root and head cover, with the places of bytes that mean something."""
    log = folder.parent / "creditloom.ledger"
    files = [*folder.rglob("*"), *log.iterdir(), folder.with_suffix(".parquet")]
    for file in sorted(path for path in files if path.is_file() and path.name != ".lock"):
        content = file.read_bytes()
        is_text = file.suffix != ".parquet"
        # Blanks between values of JSON mean nothing; digits and letters do.
        yield file, [k for k, byte in enumerate(content) if not is_text or chr(byte).isalnum()]


@pytest.mark.slow
def test_one_flipped_byte_of_anything_covered_is_found_by_the_key(
    creditloom: Command, signed: Path
) -> None:
    rng = np.random.default_rng(SEED)
    covered = list(_covered(signed))
    assert {file.parent.name for file, _ in covered} >= {"leaves", "ledger", "creditloom.ledger"}
    for _ in range(FLIPS):
        file, places = covered[rng.integers(len(covered))]
        before = file.read_bytes()
        content = bytearray(before)
        content[rng.choice(places)] ^= 1
        file.write_bytes(content)
        assert _is_told(creditloom, "two.parquet", "--key", "night.pub"), file
        file.write_bytes(before)
    assert _findings(creditloom, "two.parquet", "--key", "night.pub") == []


def forge(folder: Path) -> None:
    """Raise a limit, and make everything anew that needs no key."""
    batch = BatchFolder(folder)
    file = batch.file("decisions", 0)
    decisions = read_table(file)
    limits = decisions["limit_cny"].to_pylist()
    limits[3] = 200_000.0
    place = decisions.schema.get_field_index("limit_cny")
    forged = decisions.set_column(place, "limit_cny", pa.array(limits, pa.float64()))
    ledger = read_table(batch.file("ledger", 0))
    at = ledger.schema.get_field_index("decision_hash")
    fitting = ledger.set_column(at, "decision_hash", pa.array(decision_hashes(forged)))
    aside = read_table(batch.file("quarantine", 0))
    leaves = read_table(batch.file("leaves", 0))
    tables = {"decisions": forged, "ledger": fitting, "quarantine": aside}
    rows = leaves["row"].to_numpy()[leaves["is_decided"].to_numpy()]
    salts = as_words(leaves["salt"].combine_chunks())
    made = {**tables, "leaves": part_leaves(0, len(leaves), rows, tables, salts)}
    for kind, table in made.items():
        write_table(table, batch.file(kind, 0), version=3)
    links = _receipts_anew(batch, {**counts(forged, aside), "leaves": leaf_root(made["leaves"])})
    manifest = read_json(folder / "manifest.json")
    figures = {name: manifest[name] for name in FIGURES}
    exports = staged_exports(batch, folder.with_suffix(".parquet"))
    covered = (manifest["batch"], links, manifest["schema"], noted_exports(exports))
    put_in_place(exports)
    write_json(sealed_manifest(figures, *covered), folder / "manifest.json")
    shutil.rmtree(folder.parent / "creditloom.ledger")
    for name in ("one", "two", "three"):
        place = folder.parent / f"{name}.batch"
        note_batch(Log.beside(place), place, read_json(place / "manifest.json"))


def _receipts_anew(batch: BatchFolder, first: dict[str, Any]) -> list[str]:
    """Write the receipts anew, the first one with other figures; return their links."""
    previous = link(read_json(batch.root / "batch.json"))
    links = []
    for part in range(3):
        receipt = {k: v for k, v in read_json(batch.receipt(part)).items() if k != "signature"}
        sums = {kind: sha256(batch.file(kind, part)) for kind in receipt["files"]}
        figures = {} if part else first
        anew = {**receipt, "previous": previous, "files": sums, **figures}
        write_json(anew, batch.receipt(part))
        previous = link(anew)
        links.append(previous)
    return links


def test_an_insider_who_makes_all_anew_is_found_by_root_head_and_key_and_by_nothing_else(
    creditloom: Command, signed: Path
) -> None:
    root, head = _kept(signed)
    forge(signed)
    assert _findings(creditloom, "two.batch") == []
    for words in (("--root", root), ("--root", head), ("--key", "night.pub")):
        assert _findings(creditloom, "two.batch", *words), words
        assert _findings(creditloom, "two.parquet", *words), words
    assert _findings(creditloom, "creditloom.ledger", "--root", head)
    assert _findings(creditloom, "creditloom.ledger", "--key", "night.pub")


def _cut(folder: Path, entries: int) -> None:
    """Take the newest entries off the log, and their heads."""
    for name in ("entries.jsonl", "heads.jsonl"):
        lines = (folder / name).read_bytes().splitlines(keepends=True)
        (folder / name).write_bytes(b"".join(lines[:entries]))


def test_the_loss_of_the_newest_batches_is_found_by_a_kept_head_only(
    creditloom: Command, signed: Path
) -> None:
    """The log that is left is one that once was, signed and whole: nothing in it can tell."""
    _, head = _kept(signed)
    _cut(signed.parent / "creditloom.ledger", 2)
    shutil.rmtree(signed.parent / "three.batch")
    assert _findings(creditloom, "creditloom.ledger", "--key", "night.pub") == []
    assert _findings(creditloom, "creditloom.ledger", "--root", head)


def test_a_kept_head_holds_for_the_longer_log(creditloom: Command, signed: Path) -> None:
    """What was kept after the second night is a start of the log of three, and only of that."""
    log = Log(signed.parent / "creditloom.ledger")
    second = log.heads()[1]
    assert _findings(creditloom, "creditloom.ledger", "--root", f"2:{second['root']}") == []
    assert _findings(creditloom, "creditloom.ledger", "--root", f"3:{second['root']}")
    assert _findings(creditloom, "creditloom.ledger", "--root", "9:" + "0" * 64)


def test_a_part_forged_between_two_runs_is_not_sealed_under_our_signature(
    creditloom: Command,
    signed: Path,
    bundle: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Between kill and resume someone writes a part with a receipt that fits it."""
    forge(signed)
    (signed / "manifest.json").unlink()
    (signed / "receipts/part-00002.json").unlink()
    words = ("--input", "in.parquet", "--output", "two.parquet", "--bundle", str(bundle))
    given = ("--today", "2026-01-01", "--part-rows", "25", "--sign", "night.pem")
    with pytest.raises(SystemExit):
        creditloom("score", *words, *given)
    assert "part-00000.json" in capsys.readouterr().err
    assert not (signed / "manifest.json").exists()


def test_a_part_forged_with_its_receipt_alone_is_found_by_its_rows(
    creditloom: Command, night: Path, bundle: Path
) -> None:
    """No key is used, and the forger made no leaves anew: the job goes on and seals it."""
    file = night / "decisions/part-00000.parquet"
    table = read_table(file)
    scores = table["score"].to_numpy().copy()
    scores[4] += 50
    at = table.schema.get_field_index("score")
    write_table(table.set_column(at, "score", pa.array(scores)), file, version=3)
    receipt = read_json(night / "receipts/part-00000.json")
    noted = {**receipt, "files": {**receipt["files"], "decisions": sha256(file)}}
    write_json(noted, night / "receipts/part-00000.json")
    for gone in ("manifest.json", "receipts/part-00001.json", "receipts/part-00002.json"):
        (night / gone).unlink()
    words = ("--input", "in.parquet", "--output", "night", "--bundle", str(bundle))
    given = ("--today", "2026-01-01", "--part-rows", "25", "--json")
    resumed = creditloom("score", *words, *given)
    assert json.loads(resumed.stdout)["resumed_rows"] == 25
    assert "decisions/part-00000.parquet" in _findings(creditloom, "night")


def test_an_exported_file_that_moved_is_held_against_its_batch(
    creditloom: Command, signed: Path, tmp_path: Path
) -> None:
    (tmp_path / "away").mkdir()
    moved = tmp_path / "away/decisions.parquet"
    shutil.move(signed.with_suffix(".parquet"), moved)
    words = (str(moved), "--batch", "two.batch", "--key", "night.pub")
    assert _findings(creditloom, *words) == []
    table = read_table(moved)
    write_table(table.slice(1), moved)
    assert _findings(creditloom, *words) == ["decisions.parquet"]


def test_changed_counts_of_the_manifest_are_found_by_the_root_and_by_themselves(
    creditloom: Command, signed: Path
) -> None:
    """The root of 0.2.0 stood over the receipts alone: counts could change beside it."""
    root, _ = _kept(signed)
    manifest = read_json(signed / "manifest.json")
    words = {"approve": manifest["decisions"]["approve"] - 1, "decline": 99}
    changed = {**manifest, "decisions": {**manifest["decisions"], **words}}
    figures = {name: changed[name] for name in FIGURES}
    covered = (changed["batch"], changed["parts"], changed["schema"], changed["exports"])
    write_json(sealed_manifest(figures, *covered), signed / "manifest.json")
    assert "manifest.json" in _findings(creditloom, "two.batch")
    assert _findings(creditloom, "two.batch", "--root", root)
