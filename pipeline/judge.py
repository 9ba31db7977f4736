"""The truth of a simulated world with the rows that its judges are fitted on: read by `evaluate` only."""

from __future__ import annotations

from data.store import read_frame, read_json
from models.decision.catalogue import Catalogue
from models.evaluation.evaluate import Truth
from models.oracle import related
from models.split import CALIBRATION, TRAIN, SplitParams
from pipeline import paths
from pipeline.rows import dataset, everyone

SAMPLE = 20_000  # applicants on whom the features most related to the truth are found


def judge(model_names: tuple[str, ...], split: SplitParams, keep: int) -> Truth | None:
    """The truth, and all applicants before out-of-time with the model's features and the `keep` most related to it; else None."""
    file = paths.TRUTH / "applicants.parquet"
    if not file.is_file():
        return None
    catalogue, applicants = Catalogue.from_json(paths.CATALOGUE.read_bytes()), read_frame(file)
    early = everyone(split).of(TRAIN, CALIBRATION)
    sample = dataset(early.at_most(SAMPLE), catalogue.names, single=True)
    states = [name for name in applicants.columns if name.startswith("z_")]
    targets = applicants.set_index("application_id").loc[sample.application_id, ["logodds_systematic", *states]].to_numpy(float)
    wanted = {*model_names, *related(sample, targets, keep)}
    names = [name for name in catalogue.names if name in wanted]
    known = dataset(early, names, single=True)
    return Truth(applicants, read_json(paths.TRUTH / "meta.json"), known, {f.name: f.family for f in catalogue.features})
