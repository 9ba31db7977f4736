"""The leaf of a row is its own: it names every value, and none of the other rows."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditloom.decision.score.contributions.digest import digests
from creditloom.serving.ledger.rows.leaves import SALTS_ENVIRONMENT, forget_secret, salts
from creditloom.serving.ledger.rows.words import row_words
from creditloom.storage.files.errors import DataError

REASONS = pa.list_(pa.struct([("concept", pa.string()), ("points", pa.float64())]))
TEXTS = st.none() | st.sampled_from(["", "a", "b", "ab", "ü", "x" * 40])
# table: the columns of a row
ROWS = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False),
    TEXTS,
    TEXTS,
    st.lists(st.sampled_from(["H1", "R4", ""]), max_size=3),
    st.lists(st.tuples(TEXTS, st.floats(allow_nan=False)), max_size=3),
)


def _table(rows: list[tuple[object, ...]]) -> pa.Table:
    number, figure, first, second, codes, reasons = zip(*rows, strict=True)
    entries = [[{"concept": c, "points": p} for c, p in row] for row in reasons]
    # table: the columns
    return pa.table(
        {
            "application_id": pa.array(number, pa.int64()),
            "pd": pa.array(figure, pa.float64()),
            "tier": pa.array(first, pa.string()),
            "decision_id": pa.array(second, pa.string()),
            "refusal_codes": pa.array(codes, pa.list_(pa.string())),
            "reasons": pa.array(entries, REASONS),
        }
    )


def _digests(table: pa.Table, salt: int = 1) -> list[bytes]:
    words = row_words(table)
    row_salts = np.full((len(table), 2), salt, np.uint64)
    made = digests(words.fixed, words.starts, words.varying, row_salts, b"a row")
    return [line.tobytes() for line in made]


def test_a_digest_is_that_of_hashlib() -> None:
    rng = np.random.default_rng(1)
    for fixed_words in (1, 15, 16, 17, 40):
        fixed = rng.integers(0, 2**63, (fixed_words, 6)).astype(np.uint64)
        starts = np.array([0, 0, 3, 20, 21, 40, 40])
        varying = rng.integers(0, 2**63, (3, 40)).astype(np.uint64)
        salt = rng.integers(0, 2**63, (6, 2)).astype(np.uint64)
        made = digests(fixed, starts, varying, salt, b"decided row")
        for row in range(6):
            piece = varying[:, starts[row] : starts[row + 1]].T.ravel()
            count = np.array([len(piece)], np.uint64)
            message = b"".join(part.tobytes() for part in (fixed[:, row], piece, count))
            name = {"salt": salt[row].tobytes(), "person": b"decided row"}
            expected = hashlib.blake2b(message, digest_size=16, **name).digest()
            assert made[row].tobytes() == expected


@given(st.lists(ROWS, min_size=1, max_size=6), st.data())
def test_a_row_has_the_digest_that_it_has_alone_and_coded(
    rows: list[tuple[object, ...]], data: st.DataObject
) -> None:
    table = _table(rows)
    place = data.draw(st.integers(0, len(rows) - 1))
    coded = table.set_column(2, "tier", table["tier"].dictionary_encode())
    assert _digests(table)[place] == _digests(_table([rows[place]]))[0]
    assert _digests(coded) == _digests(table)


@given(ROWS, ROWS)
def test_two_rows_have_one_digest_only_if_they_are_one(
    first: tuple[object, ...], second: tuple[object, ...]
) -> None:
    one, other = _digests(_table([first, second]))
    # 0.0 and -0.0 are two figures, as they are in the file.
    assert (one == other) == (repr(first) == repr(second))


def test_the_salt_and_the_names_of_columns_count() -> None:
    table = _table([(1, 0.5, "a", "b", [], [])])
    renamed = table.rename_columns(["x" if n == "pd" else n for n in table.schema.names])
    assert len({_digests(table)[0], _digests(table, salt=2)[0], _digests(renamed)[0]}) == 3


def test_lists_that_would_be_cut_elsewhere_differ() -> None:
    lists = [["a", "b"], ["ab"], [], [""], ["", ""]]
    table = pa.table({"codes": pa.array(lists, pa.list_(pa.string()))})
    assert len(set(_digests(table))) == len(lists)
    with pytest.raises(DataError, match="between entries"):
        row_words(pa.table({"codes": pa.array([["a\x1fb"]], pa.list_(pa.string()))}))


def test_salts_are_random_stay_for_a_job_that_goes_on_and_are_gone_with_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SALTS_ENVIRONMENT)
    first = salts(tmp_path, 0, 4)
    assert np.array_equal(first, salts(tmp_path, 0, 4))
    assert len(np.unique(np.concatenate([first, salts(tmp_path, 1, 4)]), axis=0)) == 8
    forget_secret(tmp_path)
    assert not list(tmp_path.iterdir())
    assert not np.array_equal(first, salts(tmp_path, 0, 4))
