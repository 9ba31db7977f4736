"""Commit to each row of a part: a salted digest a row, and a Merkle root over blocks of them.

leaf = BLAKE2b-128 of the row's words (`words`), salted with 16 random bytes of the row. While the
salt is there anyone can check the row against its leaf. Once row and salt are erased, the leaf
tells nothing about the row, and still proves the rows beside it: 256 leaves are hashed to a block
by SHA-256, and the blocks are the leaves of a tree (`creditloom.serving.ledger.log.tree`).

Strength: to put another row in place of one takes 2^128 trials. Whoever makes the batch could
prepare two rows with one leaf in 2^64 trials; against the maker stands the replay.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.decision.score.contributions.digest import DIGEST_BYTES, Words, digests
from creditloom.serving.ledger.log.tree import leaf_hash, root_of
from creditloom.serving.ledger.rows.words import row_words
from creditloom.storage.files.store import read_table

# Leaves hashed together: 4 KB a hash, so that the tree costs a hundredth of the leaves.
BLOCK_LEAVES = 256
SALT_BYTES = 16
KEY_BYTES = 32
# The secret from which the salts of a batch in work come, in its folder; gone when it is sealed.
SECRET = ".secret"  # noqa: S105 - the name of a file
# A secret in hex by which two runs of one batch get the same bytes. Who keeps it can make all salts
# anew: as long as it lies anywhere, nothing is erased.
SALTS_ENVIRONMENT = "CREDITLOOM_SALTS"
# What a leaf is of: part of the hash, so that no row set aside can be shown as a decided one.
DECIDED = b"decided row"
REJECTED = b"rejected row"
# Columns of the ledger that repeat, or follow from, columns of the decision.
DERIVED = ("decision_id", "decision_hash")
BYTES = pa.binary(DIGEST_BYTES)


def salts(root: Path, part: int, rows: int) -> Words:
    """Return the salts of a part, two words a row.

    A part that is made again keeps the salts of its leaves, where they can still be read, so that
    it gets the same bytes. Otherwise they come from the secret of the batch.
    """
    kept = _kept_salts(root / "leaves" / f"part-{part:05}.parquet", rows)
    if kept is not None:
        return kept
    # An output function of which a part shows nothing about the rest, or about the secret.
    stream = hashlib.shake_256(_secret(root) + part.to_bytes(8, "big"))
    return np.frombuffer(stream.digest(rows * SALT_BYTES), np.uint64).reshape(-1, 2)


def _kept_salts(file: Path, rows: int) -> Words | None:
    if not file.is_file():
        return None
    try:
        column = read_table(file, ["salt"])["salt"].combine_chunks()
    except (OSError, ValueError, KeyError):
        # A damaged file is made anew with new salts.
        return None
    is_whole = len(column) == rows and not column.null_count
    return as_words(column) if is_whole else None


def _secret(root: Path) -> bytes:
    given = os.environ.get(SALTS_ENVIRONMENT)
    if given:
        return bytes.fromhex(given)
    file = root / SECRET
    if file.is_file() and file.stat().st_size == KEY_BYTES:
        return file.read_bytes()
    secret = secrets.token_bytes(KEY_BYTES)
    draft = root / f".{SECRET}.tmp"
    draft.touch(mode=0o600)
    draft.write_bytes(secret)
    draft.replace(file)
    return secret


def begin_secret(root: Path) -> None:
    """Have the secret of a batch there before several workers ask for it."""
    _secret(root)


def forget_secret(root: Path) -> None:
    """Delete the secret of a batch: from now on its salts lie in its leaves alone."""
    (root / SECRET).unlink(missing_ok=True)


def file_salt(row_salts: Words, kind: str) -> str:
    """Return what is noted in a file of the part, so that its sha256 tells nothing once erased.

    It follows from the salts of all rows: with one of them gone it cannot be found again.
    """
    return hashlib.blake2b(row_salts.tobytes() + kind.encode(), digest_size=SALT_BYTES).hexdigest()


def export_salt(part_salts: Sequence[bytes], kind: str) -> str:
    """Return what is noted in the exported file, from what is noted in the files of its parts.

    It follows from the salts of all rows as those do, so that an export that is made again gets
    the same bytes. Empty where the parts have none: those of release 0.2.0.
    """
    if not any(part_salts):
        return ""
    content = b"".join(part_salts) + f"export of {kind}".encode()
    return hashlib.blake2b(content, digest_size=SALT_BYTES).hexdigest()


def decided_leaves(decisions: pa.Table, ledger: pa.Table, row_salts: Words) -> Words:
    """Return the leaf of each decision with its ledger entry, two words a row.

    What follows from the rest is left out; `verify` compares it by itself.
    """
    content = {f"decision.{name}": decisions[name] for name in decisions.schema.names}
    kept = (name for name in ledger.schema.names if name not in DERIVED)
    content |= {f"ledger.{name}": ledger[name] for name in kept}
    return _digests(pa.table(content), row_salts, DECIDED)


def rejected_leaves(rejected: pa.Table, row_salts: Words) -> Words:
    """Return the leaf of each row that was set aside."""
    return _digests(rejected, row_salts, REJECTED)


def _digests(table: pa.Table, row_salts: Words, person: bytes) -> Words:
    words = row_words(table)
    return digests(words.fixed, words.starts, words.varying, row_salts, person)


def leaf_table(
    first: int, is_decided: NDArray[np.bool_], row_salts: Words, leaves: Words
) -> pa.Table:
    """Return the leaves of a part as they are kept: row, whether it was decided, salt, leaf."""
    return pa.table(
        {
            "row": pa.array(first + np.arange(len(is_decided))),
            "is_decided": pa.array(is_decided),
            "salt": as_bytes(row_salts),
            "leaf": as_bytes(leaves),
        }
    )


def part_leaves(
    first: int,
    rows: int,
    decided: NDArray[np.int64],
    tables: Mapping[str, pa.Table],
    row_salts: Words,
) -> pa.Table:
    """Return the leaves of a part of `rows` rows from `first` on; `decided` are row numbers."""
    at = decided - first
    aside = tables["quarantine"]["row"].to_numpy() - first
    leaves = np.empty((rows, 2), np.uint64)
    leaves[at] = decided_leaves(tables["decisions"], tables["ledger"], row_salts[at])
    if len(aside):
        leaves[aside] = rejected_leaves(tables["quarantine"], row_salts[aside])
    is_decided = np.zeros(rows, dtype=bool)
    is_decided[at] = True
    return leaf_table(first, is_decided, row_salts, leaves)


def leaf_root(leaves: pa.Table) -> dict[str, Any]:
    """Return the number of leaves and the root over their blocks, as a receipt holds them."""
    content = as_words(leaves["leaf"].combine_chunks()).tobytes()
    step = BLOCK_LEAVES * DIGEST_BYTES
    blocks = [leaf_hash(content[at : at + step]) for at in range(0, len(content), step)]
    return {"size": len(leaves), "root": root_of(blocks).hex()}


def as_bytes(words: Words) -> pa.Array:
    """Return two words a row as 16 bytes a row."""
    return pa.Array.from_buffers(BYTES, len(words), [None, pa.py_buffer(words.tobytes())])


def as_words(column: pa.Array) -> Words:
    """Return 16 bytes a row as two words a row; what a null holds means nothing."""
    start = column.offset * 2
    flat = np.frombuffer(column.buffers()[1] or b"", np.uint64)
    return flat[start : start + 2 * len(column)].reshape(-1, 2)
