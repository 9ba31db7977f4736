"""Stage `featurize`: raw tables (or a finished feature table) to the matrix, the labels and the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import pyarrow as pa

from data.matrix import to_matrix
from data.sources import SourceParams, open_source
from data.store import Writer, write_json, write_table
from features.catalogue import catalogue
from features.engine import build
from features.label import labels
from features.params import FeatureParams, LabelParams
from features.reader import present
from pipeline import paths
from pipeline.params import section
from pipeline.stage import run


def main() -> dict[str, int]:
    """Write data/features; return the counts of applications and features."""
    source = section("source", SourceParams)
    if source.kind == "matrix":
        blocks, label, words = to_matrix(source)
        rows = _write(iter([blocks]))
    else:
        files = open_source(source)
        rows = _write(build(files, section("features", FeatureParams)))
        label, words = labels(files, section("label", LabelParams)), catalogue(present(files))
    write_table(label, paths.LABELS)
    write_json(words, paths.CATALOGUE)
    return {"applications": rows, "features": len(words["features"])}


def _write(blocks: Iterator[pa.Table]) -> int:
    first = next(blocks)
    rows = 0
    with Writer(paths.MATRIX, first.schema) as writer:
        for block in chain([first], blocks):
            writer.write(block)
            rows += len(block)
    return rows


if __name__ == "__main__":
    run("featurize", main)
