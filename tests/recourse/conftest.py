"""Raw tables of thirty people, a small bundle that reads ten of their features, and the matrix."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.decision.bundle import write_manifest
from creditloom.features.contract.tables import APPLICATIONS
from creditloom.features.engine.engine import build
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.pipeline.proof.evidence.promises.decided import DecidedFolder
from creditloom.pipeline.proof.evidence.promises.recourse_proof import Asked, asked
from creditloom.serving.applicant.recourse.actionable import Actionable
from tests.decision import small
from tests.features.raw import PARAMS, Raw, random_raw, write_raw

# The features of the small bundle by those of the engine; each family keeps its consent.
REAL = {
    "f0": "pay_bill_late_mean_days_12m",
    "f1": "soc_packet_sent_count_3m",
    "f2": "ast_lqt_held_count_share_12m",
    "f3": "bur_statement_utilisation_mean_share_3m",
    "f4": "dev_login_device_entropy_nats_6m",
    "f5": "pay_wallet_retained_mean_share_12m",
    "f6": "soc_contact_person_distinct_ever",
    "f7": "ast_paid_insurance_count_12m",
    "f8": "bur_enquiries_per_payment_ratio_12m",
    "f9": "dev_login_main_device_share_3m",
}
# How far the log-odds of the small model are moved down.
LEVEL = 3.3
# What people state who may be approved; the others are student, too young, or nameless.
STATED = {
    "age_years": 30,
    "months_on_book": 12,
    "is_student": False,
    "is_real_name": True,
    "purpose": "consumption",
    "declared_income_fen": 900_000,
    "verified_income_fen": 900_000,
    "card_limits_fen": 5_000_000,
    "annual_volume_fen": 10_000_000,
    "debt_service_fen": 50_000,
    "exposure_fen": 0,
    "is_payee_match": True,
    "is_risky_merchant": False,
    "consent_bureau": True,
    "consent_assets": True,
}


def people(raw: Raw) -> Raw:
    """Return the raw tables with applications that a product takes, but for some."""
    table = raw["applications"]
    n = len(table)
    for name, value in STATED.items():
        cells = np.full(n, value)
        if name == "age_years":
            cells[3] = 15
        if name == "is_real_name":
            cells[4:8] = False
        place = table.schema.get_field_index(name)
        table = table.set_column(
            place,
            table.schema.field(place),
            pa.array(cells).cast(APPLICATIONS.arrow_schema.field(name).type),
        )
    # Logins say much that refuses; they are no part of recourse.
    logins = raw["logins"].filter(pa.array(np.zeros(len(raw["logins"]), bool)))
    return {**raw, "applications": table, "logins": logins}


@pytest.fixture(scope="session")
def actionable() -> Actionable:
    return document(Actionable, paths.ACTIONABLE)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> DecidedFolder:
    root = tmp_path_factory.mktemp("recourse")
    sources = write_raw(people(random_raw(30, seed=4)), root / "raw")
    matrix = pa.concat_tables(build(sources, PARAMS))
    pq.write_table(matrix, root / "matrix.parquet")
    bundle = small.write_bundle(root / "model")
    for name in ("model.txt", "catalogue.json", "reference.json"):
        text = (bundle / name).read_text()
        (bundle / name).write_text(re.sub(r"\bf\d\b", lambda one: REAL[one[0]], text))
    calibration = json.loads((bundle / "calibration.json").read_text())
    # The small model finds all of these people risky; its level is moved to where some pass.
    calibration["b"] -= LEVEL
    (bundle / "calibration.json").write_text(json.dumps(calibration))
    write_manifest(bundle)
    return DecidedFolder(Path(bundle), root / "matrix.parquet", root / "raw")


# Of so many people recourse is asked: among them are who is cured, who is not, and the too young.
ASKED = 14


@pytest.fixture(scope="session")
def sample(folder: DecidedFolder, actionable: Actionable) -> Asked:
    """The first people of the folder, with what would have changed their decisions."""
    return asked(folder, actionable, folder.ids[:ASKED])
