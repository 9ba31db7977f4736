"""What the public API composes of several rooms: `creditloom.fit`, `creditloom.quote` and `creditloom.simulate`.

Numbers that a call does not name are those of the committed params.yaml, which is data of the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section


def fit(
    data: Path | str,
    out: Path | str,
    *,
    label: str | None = None,
    row_id: str | None = None,
    time: str | None = None,
    drop: Sequence[str] = (),
    categorical: Sequence[str] = (),
    protected: Sequence[str] = (),
    special_codes: Sequence[float] = (),
    force: bool = False,
) -> dict[str, Any]:
    """Train, calibrate, tier, explain and report on a table: what `creditloom fit` does. Returns what metrics.json says.

    `data` is a Parquet file with one row per application, or a folder of raw tables; `label` names the column with 1 = bad, 0 = good;
    `row_id`, `time`, `drop`, ... are columns of it. The new folder `out` holds metrics.json, index.html, decisions.parquet and bundle/.
    Raises DataError for a table that cannot be learnt from.
    """
    from creditloom.pipeline.commands.model.fit import MARK, run, source_of
    from creditloom.storage.files.store import read_json

    source = source_of(
        Path(data), label=label, id=row_id, time=time, drop=tuple(drop), categorical=tuple(categorical),
        protected=tuple(protected), special_codes=tuple(map(float, special_codes)),
    )  # fmt: skip
    run(source, Path(out), force=force)
    return dict(read_json(Path(out) / MARK))


def quote(product: str, amount: float, **request: Any) -> dict[str, Any]:
    """What one loan costs to the cent, and whether the law of its day allows it: `decision`, `schedule`, `annual`, `refusals`, ...

    `product` as "weilidai@S5", `amount` in CNY; `request` as in `creditloom quote`: `daily_rate` (per cent a day) or `tier`, `tenor`,
    `method`, `law`, `start` and `settle_on` (ISO dates), `overdue_days`. Raises DecisionError for what the product does not offer.
    """
    from creditloom.pipeline.commands.decisions.quote import quoted

    return quoted({"product": product, "amount": amount, **request})


def simulate(out: Path | str, *, applicants: int = 6_000, seed: int = 1) -> dict[str, int]:
    """A synthetic lender: raw tables into `out`/raw and the truth about everyone into `out`/truth. Returns rows per table.

    About 680 events an applicant. Same seed, same bytes. Raises WorldError for sizes that cannot be.
    """
    from creditloom.world.config.config_types import Calendar, WorldParams
    from creditloom.world.config.world_config import WorldConfig
    from creditloom.world.simulate import simulate as written

    world = replace(section("world", WorldParams, paths.DEFAULTS), applicants=applicants)
    calendar = section("calendar", Calendar, paths.DEFAULTS)
    return written(
        world,
        document(WorldConfig, paths.WORLD),
        calendar,
        Path(out) / "raw",
        Path(out) / "truth",
        seed=seed,
    )
