"""Check the pipeline's source of data: the simulated world, or a folder of raw tables.

A finished feature table, the third kind, is read by `matrix`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from pathlib import Path

from creditloom.storage.contract.checked import Checked
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.contract.row_rules import Period
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.source_params import SourceParams


def check_source(
    params: SourceParams, quarantine: Path, clean: Path, needed: Collection[str] = ()
) -> Checked:
    """Check the raw tables of a `world` or `tables` source, of which the `needed` must be there.

    Bad rows go to `quarantine`, corrected files to `clean`. Raises DataError as
    `creditloom.storage.contract.contract.check_tables`.
    """
    if params.kind == "matrix":
        raise DataError.of(
            "A finished feature table has no raw tables",
            where=params.path,
            expected="source.kind `world` or `tables`",
            got="`matrix`",
            next_step="read it with creditloom.storage.matrix.to_matrix",
        )
    return check_tables(
        Path(params.path),
        quarantine,
        clean,
        max_bad_share=params.max_bad_share,
        period=period(params),
        needed=needed,
        without=params.without,
    )


def period(params: SourceParams) -> Period:
    """Return the first and last moment that an event may have.

    A simulated world may run ahead of the clock on the wall; nothing else may.
    """
    last = None if params.latest is None else dt.datetime.combine(params.latest, dt.time.max)
    if params.kind != "world":
        last = now() if last is None else min(last, now())
    return Period(dt.datetime.combine(params.earliest, dt.time.min), last)


def now() -> dt.datetime:
    """Return this moment as naive UTC, as all times in the tables are."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
