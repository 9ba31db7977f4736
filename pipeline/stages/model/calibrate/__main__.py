"""Stage `calibrate`: fits the line logit(PD) = a margin + b on held-out margins, at the level.

The margins are of months whose loans the members had not learnt from; `train` writes them.
"""

from __future__ import annotations

import numpy as np
from rich.table import Table

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.calibration.calibration import (
    CalibrationLine,
    CalibrationParams,
    fit_held_out,
    level_of,
    to_json,
)
from creditloom.models.calibration.level import Level
from creditloom.models.learners.booster import margins
from creditloom.models.sample.split import CALIBRATION, SplitParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.pipeline.base.params import section
from creditloom.pipeline.base.stage import run
from creditloom.storage.files.store import read_frame, write_json


def main() -> dict[str, int]:
    """Write data/model/calibration.json; return the numbers of loans and bads behind it."""
    params = section("calibration", CalibrationParams)
    names = Catalogue.from_json(paths.MODEL_CATALOGUE.read_bytes()).names
    applications = everyone(section("split", SplitParams))
    level = level_of(applications.before_out_of_time(), params)
    held_out = read_frame(paths.HELD_OUT, ["application_id", "margin"])
    judged = applications.where(np.isin(applications.application_id, held_out["application_id"]))
    last = dataset(applications.of(CALIBRATION), names)
    door = margins(paths.MODEL_TXT.read_text(encoding="utf-8"), last.features)
    line = fit_held_out(judged, held_out["margin"].to_numpy(), door, level, params)
    write_json(to_json(line, params, level), paths.CALIBRATION)
    _show(line, level)
    return {"loans": line.n_rows, "bads": line.n_bads}


def _show(line: CalibrationLine, level: Level) -> None:
    table = Table("calibrate", "", title="calibrate")
    weighted = f"as good as {line.effective_bads:.0f} of equal weight"
    table.add_row("loans", f"{line.n_rows:,} with {line.n_bads:,} bads ({weighted})")
    table.add_row("logit(PD)", f"{line.a:.4f} x margin {line.b:+.4f}")
    bads = f"{level.n_bads:,} bads (as good as {level.effective_bads:.0f})"
    between = f"{100 * level.low:.2f}-{100 * level.high:.2f} %"
    table.add_row("level expected", f"{100 * level.rate:.3f} % ({between}) on {bads}")
    table.add_row("level of the long run", f"{100 * level.long_run:.3f} %")
    table.add_row("mean PD of the last applicants", f"{100 * line.mean_pd:.3f} %")
    Console().print(table)


if __name__ == "__main__":
    run("calibrate", main)
