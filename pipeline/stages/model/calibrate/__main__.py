"""Stage `calibrate`: fits the line logit(PD) = a margin + b on the calibration months."""

from __future__ import annotations

from rich.table import Table

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.calibration.calibration import (
    CalibrationLine,
    CalibrationParams,
    Level,
    fit,
    level_of,
    to_json,
)
from creditloom.models.learners.booster import margins
from creditloom.models.sample.split import SplitParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.pipeline.base.params import section
from creditloom.pipeline.base.stage import run
from creditloom.storage.files.store import write_json


def main() -> dict[str, int]:
    """Write data/model/calibration.json; return the numbers of loans and bads behind it."""
    params = section("calibration", CalibrationParams)
    names = Catalogue.from_json(paths.MODEL_CATALOGUE.read_bytes()).names
    split = section("split", SplitParams)
    applications = everyone(split)
    rows = dataset(applications.calibrating(), names)
    margin = margins(paths.MODEL_TXT.read_text(encoding="utf-8"), rows.features)
    # The level uses every month with labels before the out-of-time months, not only the calibration
    # months. The bad rate of a few months is mostly noise.
    before = applications.before_out_of_time()
    level = level_of(before.outcome, before.weight, before.month, params)
    line = fit(margin, rows.outcome, rows.weight, params, level)
    write_json(to_json(line, params), paths.CALIBRATION)
    _show(line, level)
    return {"loans": line.n_rows, "bads": line.n_bads}


def _show(line: CalibrationLine, level: Level) -> None:
    table = Table("calibrate", "", title="calibrate")
    weighted = f"as good as {line.effective_bads:.0f} of equal weight"
    table.add_row("loans", f"{line.n_rows:,} with {line.n_bads:,} bads ({weighted})")
    table.add_row("logit(PD)", f"{line.a:.4f} x margin {line.b:+.4f}")
    bads = f"{level.n_bads:,} bads (as good as {level.effective_bads:.0f})"
    table.add_row("level expected", f"{100 * level.rate:.3f} % on {bads}")
    table.add_row("level of the long run", f"{100 * level.long_run:.3f} %")
    table.add_row("mean PD, weighted through the door", f"{100 * line.mean_pd:.3f} %")
    Console().print(table)


if __name__ == "__main__":
    run("calibrate", main)
