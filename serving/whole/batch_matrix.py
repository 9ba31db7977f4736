"""Shape the matrix of a batch: applications as of the moment that is asked for, and the columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from creditloom.features.contract.tables import APPLICATIONS
from creditloom.features.policy_inputs.consents import STATED
from creditloom.features.policy_inputs.policy_inputs import NAMES as FACTS
from creditloom.serving.inputs import InputColumn, columns
from creditloom.storage.files.store import read_table, write_table

# The type of an input column of nulls, by kind; all others are float64.
TYPES = {"time": pa.timestamp("us"), "flag": pa.bool_(), "text": pa.string()}


def moved(
    files: Mapping[str, Sequence[Path | str]], as_of: dt.datetime, file: Path
) -> tuple[str, ...]:
    """Write the applications as of another moment into `file`; return it.

    When they were made stays with them: from then on their consents hold.
    """
    names = APPLICATIONS.arrow_schema.names
    tables = [read_table(one, names) for one in files[APPLICATIONS.name]]
    table = pa.concat_tables(tables).unify_dictionaries()
    table = table.append_column(STATED, table["as_of"])
    moments = pa.array(np.full(len(table), np.datetime64(as_of, "us")), pa.timestamp("us"))
    column = table.schema.get_field_index("as_of")
    write_table(table.set_column(column, "as_of", moments), file)
    return (str(file),)


def names_read(bundle: Path) -> frozenset[str]:
    """Return the features and policy inputs to build: what the bundle reads where it is there.

    The optional facts are among them. Whatever release wrote the bundle, its catalogue names them.
    """
    found = columns(bundle, FACTS)
    return frozenset(name for one in found for name in (one.name, one.read_from))


def shaped(block: pa.Table, inputs: tuple[InputColumn, ...]) -> pa.Table:
    """Return the columns that the model reads; features of tables that are absent are null."""
    present = set(block.schema.names)
    found = {}
    for column in inputs:
        if column.name in present:
            found[column.name] = block[column.name]
        else:
            found[column.name] = pa.nulls(len(block), TYPES.get(column.kind, pa.float64()))
    return pa.table(found)
