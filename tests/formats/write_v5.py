"""Write v5/: a bundle of format 5, whose reasons are significant sentences, and what it decided.

A record of how the fixtures came about, not run by any test. From a checkout of that code:

    PYTHONPATH=. python -m tests.formats.write_v5 tests/formats/v5
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from creditloom.decision.bundle import write_manifest
from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.storage.files.store import read_json, write_json, write_table
from tests.decision import own
from tests.formats.write_v4 import applications

WORDS = {
    "high_en": "Yours is {value}, more than {typical}",
    "high_zh": "您为{value}，高于{typical}",
    "low_en": "Yours is {value}, less than {typical}",
    "low_zh": "您为{value}，低于{typical}",
}
# In points: some of the declined have no concept that lost more.
ERROR = 30.0
MULTIPLE = 1.5


def main(target: Path) -> None:
    """Write bundle/, in.parquet and decisions.parquet."""
    features = [replace(feature, **WORDS) for feature in own.FEATURES]
    own.write_bundle(target / "bundle", features=features, layout=own.LAYOUT)
    reference = read_json(target / "bundle" / "reference.json")
    errors = dict.fromkeys(reference["concept_points"], ERROR)
    told = {"concept_errors": errors, "error_multiple": MULTIPLE}
    write_json({**reference, **told}, target / "bundle" / "reference.json")
    write_manifest(target / "bundle")
    applications().to_parquet(target / "in.parquet", index=False)
    decided = Decider.load(target / "bundle", 1).decide(applications(), explain="all")
    write_table(decisions_table(decided), target / "decisions.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
