"""What decided, piece by piece: the sha256 of model, calibration, policy, product, law profiles and code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.ledger.chain import link

NO_LAW = ""  # no profile was in force


@dataclass(frozen=True)
class Versions:
    """`bundle` is the model version (sha256 of the manifest), `code` the fingerprint of the runtime; `laws` go by id of the profile."""

    bundle: str
    model: str
    calibration: str
    policy: str
    product: str
    laws: Mapping[str, str]
    code: str

    @classmethod
    def of(cls, bundle: Path, code: str, product: str = "") -> Versions:
        """The versions in a bundle's folder, decided by the runtime of fingerprint `code` for a product ("" = the bundle's own)."""
        manifest = (bundle / "manifest.json").read_bytes()
        files = json.loads(manifest)["files"]
        policy = json.loads((bundle / "policy.json").read_text(encoding="utf-8"))
        laws = {law["id"]: link(law) for law in (*policy["laws"], *policy.get("other_laws", ()))}
        chosen = next((one for one in policy.get("products", ()) if one["id"] == product), policy["product"])
        return cls(
            hashlib.sha256(manifest).hexdigest(), files["model.txt"], files["calibration.json"], files["policy.json"],
            link(chosen), {**laws, NO_LAW: ""}, code,
        )  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """As it stands in batch.json."""
        return asdict(self)
