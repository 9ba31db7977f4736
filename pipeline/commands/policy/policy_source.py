"""Reads a policy where a person has it: a bundle, or the YAML that one is compiled from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creditloom.decision.base.strict_json import canonical
from creditloom.decision.rulebook.policy import Policy
from creditloom.decision.score.tiers import Tiers
from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.pipeline.base.params import section
from creditloom.pipeline.products.product_folder import ProductFolder
from creditloom.pipeline.products.written_policy import rules_of, tiers_of
from creditloom.storage.files.errors import DataError

TIERS = "tiers.json"
POLICY = "policy.json"
# The folder of products and laws that is taken where it lies beside a policy in YAML.
PRODUCTS = "products"


@dataclass(frozen=True)
class GivenPolicy:
    """A policy as texts: `tiers` and `rules` are the content of tiers.json and policy.json."""

    name: str
    tiers_text: bytes
    rules_text: bytes

    @property
    def tiers(self) -> Tiers:
        """The PD bands."""
        return Tiers.from_json(self.tiers_text)

    @property
    def policy(self) -> Policy:
        """The rule book, read as the runtime reads it."""
        return Policy.from_json(self.rules_text)

    @property
    def documents(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Both contents as JSON."""
        return json.loads(self.tiers_text), json.loads(self.rules_text)


def policy_at(path: Path, products: Path | None = None) -> GivenPolicy:
    """Return the policy of a bundle's folder, or of a file like params.yaml with a block `policy`.

    The products and laws of a file are those of the folder `products`, else of a folder products/
    beside the file, else the shipped ones. Raises DataError where there is neither, and ParamsError
    and `DecisionError` for a policy that cannot be read.
    """
    if path.is_dir() and (path / POLICY).is_file() and (path / TIERS).is_file():
        texts = [(path / name).read_bytes() for name in (TIERS, POLICY)]
        return GivenPolicy(str(path), *texts)
    if not path.is_file():
        raise DataError.of(
            "No policy there",
            where=path,
            expected="a bundle with tiers.json and policy.json, or a YAML file with a block policy",
            got="a folder without them" if path.is_dir() else "nothing",
            next_step="copy params.yaml, change its block `policy`, and name the copy",
        )
    beside = path.parent / PRODUCTS
    folder = products or (beside if beside.is_dir() else None)
    params = section("policy", PolicyParams, path)
    rules = rules_of(params, ProductFolder.of(folder) if folder else None)
    return GivenPolicy(str(path), canonical(tiers_of(params)), canonical(rules))
