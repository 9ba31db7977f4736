"""Write v4/: a bundle of format 4 with its layout, and what it decided, as the first code wrote it.

A record of how the fixtures came about, not run by any test. From a checkout of that code:

    PYTHONPATH=. python -m tests.formats.write_v4 tests/formats/v4
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.storage.files.store import write_table
from tests.decision import own

ROWS = 60


def applications() -> pd.DataFrame:
    """Sixty rows of a user's own table, of which some lie beyond training in each way."""
    frame = own.table(ROWS, seed=12).astype({"home": object})
    frame.loc[[3, 17], "home"] = "houseboat"
    frame.loc[8, "home"] = None
    frame.loc[[9, 17], "use"] = np.nan
    frame.loc[20:22, "tenure"] = np.nan
    return frame


def main(target: Path) -> None:
    """Write bundle/, in.parquet and decisions.parquet."""
    own.write_bundle(target / "bundle", layout=own.LAYOUT)
    applications().to_parquet(target / "in.parquet", index=False)
    decided = Decider.load(target / "bundle", 1).decide(applications(), explain="all")
    write_table(decisions_table(decided), target / "decisions.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
