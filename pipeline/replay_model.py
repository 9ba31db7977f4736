"""The versions that decided a batch, found again: in the registry, or in a bundle that is named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data.errors import DataError
from pipeline.score_model import Model

REGISTERED = "models:/"


def model_of(asked: Mapping[str, Any], bundle: Path | None) -> Model:
    """The model named in batch.json, or the bundle given; DataError unless every piece is the one that decided."""
    name = asked["options"]["model"]
    is_registered = bundle is None and name.startswith(REGISTERED)
    found = Model.of_uri(name) if is_registered else Model.of_bundle(bundle or Path(name))
    wanted, here = asked["versions"], found.versions(asked["options"].get("product", "")).as_dict()
    differing = [piece for piece in wanted if wanted[piece] != here[piece]]
    if differing:
        raise DataError.of(
            "These are not the versions that decided", where=found.name,
            expected=f"bundle {wanted['bundle'][:12]}, code {wanted['code'][:12]}",
            got=f"another {', '.join(differing)}", next_step="name the bundle with --bundle, or check out the code of that day",
        )  # fmt: skip
    return found
