"""Where the pipeline's data comes from: the simulated world, a folder of raw tables, or a finished feature table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from data.contract import Checked, check_tables
from data.errors import DataError

QUARANTINE = Path("data") / "quarantine"


@dataclass(frozen=True)
class SourceParams:
    """The `source` block of params.yaml.

    `kind`: `world` and `tables` read the folder `path` of raw tables, `matrix` reads the Parquet file `path`.
    `max_bad_share`: a table with a larger share of bad rows stops the run. The other keys are for `matrix` only: `label` holds 1 for
    bad and 0 for good, `id` names a row, `time` is the date of the application; `protected` columns are reported on and never
    modelled, `categorical` columns are categories whatever their type (texts always are), numbers equal to one of `special_codes`
    mean missing, `drop` columns are left out.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    kind: Literal["world", "tables", "matrix"]
    path: str
    max_bad_share: float = 0.05
    label: str | None = None
    id: str | None = None
    time: str | None = None
    protected: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    special_codes: tuple[float, ...] = ()
    drop: tuple[str, ...] = ()


def check_source(params: SourceParams, quarantine: Path = QUARANTINE) -> Checked:
    """Check the raw tables of a `world` or `tables` source; bad rows go to `quarantine`.

    A world may run ahead of the calendar on the wall; in anyone's own tables an event after now is bad.
    Raises DataError as `data.contract.check_tables`.
    """
    if params.kind == "matrix":
        raise DataError.of(
            "A finished feature table has no raw tables", where=params.path, expected="source.kind `world` or `tables`", got="`matrix`",
            next_step="read it with data.matrix.to_matrix",
        )  # fmt: skip
    latest = None if params.kind == "world" else now()
    return check_tables(Path(params.path), quarantine, max_bad_share=params.max_bad_share, latest=latest)


def open_source(params: SourceParams, quarantine: Path = QUARANTINE) -> Mapping[str, tuple[str, ...]]:
    """Files per raw table that keep the contract, in reading order; input of the feature engine."""
    return check_source(params, quarantine).files


def now() -> dt.datetime:
    """This moment as naive UTC, as all times in the tables are."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
