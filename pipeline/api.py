"""The public functions that need several rooms: `creditloom.fit`, `.quote` and `.simulate`.

A number that a call does not name is taken from the committed params.yaml, which is part of the
package.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section


# table: the arguments of `creditloom fit` as a call
def fit(
    data: Path | str,
    out: Path | str,
    *,
    mapping: Path | str | None = None,
    label: str | None = None,
    row_id: str | None = None,
    time: str | None = None,
    drop: Sequence[str] = (),
    categorical: Sequence[str] = (),
    protected: Sequence[str] = (),
    special_codes: Sequence[float] | Mapping[str, Sequence[float]] = (),
    keep: Sequence[str] = (),
    group: str | None = None,
    weight: str | None = None,
    monotone: Mapping[str, Literal[-1, 0, 1]] | None = None,
    accept: Sequence[str] = (),
    beyond: str | None = None,
    budget: float | None = None,
    search: Path | str | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Train, calibrate, tier, explain and report on a table: what `creditloom fit` does.

    `data` is a table with one row per application (Parquet, CSV, a folder of parts), or a folder of
    raw tables, or of your own files, of which the file `mapping` makes some. `label` names the
    column with 1 = bad, 0 = good; `row_id`, `time`, `group` (the borrower), `weight`, `drop`, ...
    are columns too. `special_codes` are of all columns, or by column; `monotone` is the sign by
    column, +1 where more is riskier. `accept` are names of grave warnings that are accepted.
    `budget` are minutes that a search of more shapes may take, and
    `search` is the folder of its journals. The new folder `out` holds metrics.json, index.html,
    decisions.parquet and bundle/. Returns the content of metrics.json. Raises DataError for a table
    that cannot be learnt from, and where `out` holds something else than an earlier fit; after
    writing, GraveWarningError for a grave warning that is not accepted. `force` has no effect.
    """
    # Imported here, so that `creditloom.quote` does not load the libraries that train.
    from creditloom.pipeline.commands.model.fit import (
        check_source_names,
        raw_data,
        run,
        source_of,
    )
    from creditloom.pipeline.commands.model.fit_options import (
        MARK,
        RunChoices,
        beyond_of,
        budget_of,
    )
    from creditloom.storage.files.errors import raise_together
    from creditloom.storage.files.outputs import require_apart
    from creditloom.storage.files.source_params import ColumnWords
    from creditloom.storage.files.store import read_json

    signs = {name: ColumnWords(sign=sign) for name, sign in (monotone or {}).items()}
    # table: fields of the source
    columns = {
        "label": label,
        "id": row_id,
        "time": time,
        "drop": tuple(drop),
        "categorical": tuple(categorical),
        "protected": tuple(protected),
        "keep": tuple(keep),
        "group": group,
        "weight": weight,
        "columns": signs,
    }
    journals = None if search is None else Path(search)
    choices = RunChoices(tuple(accept), beyond_of(beyond), budget_of(budget), journals)
    if force:
        warnings.warn("fit(force=True) has no effect", DeprecationWarning, stacklevel=2)
    require_apart([Path(out)], [Path(data)])
    with raw_data(Path(data), None if mapping is None else Path(mapping)) as raw:
        source = source_of(raw, **columns, **_codes(special_codes))
        raise_together(check_source_names(source))
        run(source, Path(out), choices)
    return dict(read_json(Path(out) / MARK))


def _codes(codes: Sequence[float] | Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Return the special codes as fields of the source."""
    if isinstance(codes, Mapping):
        of_columns = {name: tuple(map(float, some)) for name, some in codes.items()}
        return {"column_codes": of_columns}
    return {"special_codes": tuple(map(float, codes))}


def quote(product: str, amount: float, **request: Any) -> dict[str, Any]:
    """Return what one loan costs to the cent, and whether the law of its day allows it.

    `product` as "weilidai@S5", `amount` in CNY. `request` as in `creditloom quote`: `daily_rate`
    (per cent a day) or `tier`, `tenor`, `method`, `law`, `start` and `settle_on` (ISO dates),
    `overdue_days`. The keys of the result are `decision`, `schedule`, `annual`, `refusals`,
    `most_allowed` (what the cap leaves where the price is refused), `early_settlement`,
    `extension`, `month_of_use`, ...
    Raises DecisionError for what the product does not offer.
    """
    from creditloom.pipeline.commands.decisions.quote import quotation_of_request

    return quotation_of_request({"product": product, "amount": amount, **request})


def simulate(out: Path | str, *, applicants: int = 6_000, seed: int = 1) -> dict[str, int]:
    """Write a synthetic lender: raw tables into `out`/raw, the truth about all into `out`/truth.

    An applicant has about 680 events. The same seed gives the same bytes. Returns the number of
    rows per table. An earlier world in `out` is replaced. Raises WorldError for impossible sizes,
    and DataError where `out` holds a world with anything else, as a lender of `creditloom
    simulate` with its card and oracle.
    """
    from creditloom.storage.files.outputs import require_ours
    from creditloom.world.config.config_types import Calendar, WorldParams
    from creditloom.world.config.world_config import WorldConfig
    from creditloom.world.simulate import WORLD
    from creditloom.world.simulate import simulate as simulate_world

    # Without the mark of a world, `simulate_world` looks into the two folders that it replaces.
    if WORLD.is_marked(Path(out)):
        require_ours(Path(out), WORLD)
    committed = section("world", WorldParams, paths.DEFAULTS)
    return simulate_world(
        replace(committed, applicants=applicants),
        document(WorldConfig, paths.WORLD),
        section("calendar", Calendar, paths.DEFAULTS),
        Path(out) / "raw",
        Path(out) / "truth",
        seed=seed,
    )
