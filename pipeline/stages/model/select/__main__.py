"""Stage `select`: chooses the features that the model may use, inside the training months.

The same choice is made once more for each rolling origin, on the months before it alone, so that
`train` can judge what was chosen. It also writes a table of the dropped features with the reasons.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
from rich.table import Table

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.sample.split import CALIBRATION, TRAIN, SplitParams
from creditloom.models.selection.feature_choice import (
    KEPT,
    SelectParams,
    offered_features,
    rank_with_origins,
    screen,
    table,
)
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.pipeline.base.params import section
from creditloom.pipeline.base.stage import run
from creditloom.storage.files.formats import RESULTS, write_document
from creditloom.storage.files.store import write_table


def main() -> dict[str, int]:
    """Write data/selection/{selected.json,selection.parquet}.

    Returns the numbers of features offered and kept.
    """
    split = section("split", SplitParams)
    params = section("select", SelectParams)
    catalogue = Catalogue.from_json(paths.CATALOGUE.read_bytes())
    names, left_out = offered_features(catalogue, params)
    applications = everyone(split)
    # Screening (constant, empty, drifting) needs no label, so all training applications are used.
    # float32 is enough to rank values and halves the memory.
    early = applications.of(TRAIN, CALIBRATION).at_most(params.limits.rows)
    screened = dataset(early, names, single=True)
    left, fallen = screen(screened, params)
    loans = dataset(applications.training(split.indeterminate_weight), left, single=True)
    applicants = screened.with_features(left)
    gains, chosen = rank_with_origins(applicants, loans, catalogue, split, params)
    kept = chosen.final
    rows = table(catalogue, [*left_out, *fallen], loans, gains, kept)
    outcomes = rows["outcome"].value_counts().to_dict()
    selected = {"features": list(kept), "origins": chosen.origins, "outcomes": outcomes}
    write_document(selected, paths.SELECTED, RESULTS)
    write_table(pa.Table.from_pandas(rows, preserve_index=False), paths.SELECTION)
    _show(rows)
    return {"offered": len(rows), "kept": len(kept)}


def _show(rows: pd.DataFrame) -> None:
    families = sorted(rows["family"].unique())
    shown = Table("outcome", "features", *families, title="select")
    # The number kept comes first, then the reasons of dropping, the most frequent first.
    groups = sorted(rows.groupby("outcome"), key=lambda pair: (pair[0] != KEPT, -len(pair[1])))
    for outcome, part in groups:
        counts = part["family"].value_counts()
        per_family = (f"{counts.get(family, 0):,}" for family in families)
        shown.add_row(str(outcome), f"{len(part):,}", *per_family)
    Console().print(shown)


if __name__ == "__main__":
    run("select", main)
