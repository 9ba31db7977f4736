"""The bundle on disk: text files under a manifest of hashes; what does not match its hash is not read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from .base.catalogue import Catalogue
from .base.errors import DecisionError
from .base.strict_json import canonical, check_format, parse
from .rulebook.policy import Policy
from .score.scorer import Calibration, Reference, Scorer
from .score.tiers import Tiers
from .score.tree_model import Margin

MANIFEST = "manifest.json"
FORMAT = 2  # of the manifest and, as it lists them, of all files of a bundle; 0.1.0 wrote 1, without saying so
SCORING = ("model.txt", "catalogue.json", "calibration.json")
REQUIRED = (*SCORING, "tiers.json", "policy.json", "reference.json")


@dataclass(frozen=True)
class Bundle:
    """A verified bundle. `version` is the sha256 of the manifest, `policy_version` that of policy.json."""

    scorer: Scorer
    tiers: Tiers
    policy: Policy
    reference: Reference
    version: str
    policy_version: str

    @cached_property
    def usual(self) -> np.ndarray:
        """Points of the reference per feature, in model order."""
        return self.reference.features(self.scorer.catalogue)

    @classmethod
    def load(cls, folder: str | Path, threads: int | None = None) -> Bundle:
        """Read and verify a bundle. Raises `DecisionError` for a missing, changed or truncated file; only listed files are opened."""
        root = Path(folder)
        manifest = _bytes(root / MANIFEST)
        listed = _listed(root, manifest)
        texts = {name: _verified(root / name, digest) for name, digest in listed.items()}
        bundle = cls(
            scorer_of(texts, threads),
            Tiers.from_json(texts["tiers.json"]),
            Policy.from_json(texts["policy.json"]),
            Reference.from_json(texts["reference.json"]),
            hashlib.sha256(manifest).hexdigest(),
            listed["policy.json"],
        )
        bundle.reference.concepts(bundle.scorer.catalogue)
        protected = sorted(
            set(bundle.scorer.catalogue.names) & set(bundle.policy.protected_attributes)
        )
        if protected:
            raise _refusal(
                "the model reads a protected attribute",
                root / "catalogue.json",
                "none of them as a feature",
                protected[0],
            )
        return bundle


def write_manifest(folder: str | Path) -> str:
    """Hash the files that a decision reads into manifest.json; return the bundle's version. Others in the folder are not part of it."""
    root = Path(folder)
    manifest = canonical(
        {
            "format": FORMAT,
            "files": {name: hashlib.sha256(_bytes(root / name)).hexdigest() for name in REQUIRED},
        }
    )
    (root / MANIFEST).write_bytes(manifest)
    return hashlib.sha256(manifest).hexdigest()


def load_scorer(folder: str | Path, threads: int | None = None) -> Scorer:
    """The scoring half of a bundle that is still being made: not verified, there is no manifest yet."""
    return scorer_of({name: _bytes(Path(folder) / name) for name in SCORING}, threads)


def scorer_of(texts: dict[str, bytes], threads: int | None) -> Scorer:
    """Model, catalogue and calibration from the bytes of their files."""
    catalogue = Catalogue.from_json(texts["catalogue.json"])
    calibration = parse(
        Calibration, json.loads(texts["calibration.json"]), "calibration.json", extra="ignore"
    )
    return Scorer(
        catalogue, Margin(texts["model.txt"].decode(), catalogue.names, threads), calibration
    )


def _listed(root: Path, manifest: bytes) -> dict[str, str]:
    try:
        content = dict(json.loads(manifest))
    except (ValueError, TypeError) as error:
        raise _refusal(
            "the manifest cannot be read", root / MANIFEST, '{"files": {name: sha256}}', str(error)
        ) from error
    check_format(content, FORMAT, str(root / MANIFEST))
    files = content.get("files")
    if not isinstance(files, dict):
        raise _refusal(
            "the manifest lists no files", root / MANIFEST, '{"files": {name: sha256}}', repr(files)
        )
    strange = [name for name in files if Path(name).name != name]
    missing = sorted(set(REQUIRED) - set(files))
    if strange or missing:
        raise _refusal(
            "the manifest is not that of a bundle",
            root / MANIFEST,
            ", ".join(REQUIRED),
            ", ".join(strange or missing),
        )
    return {str(name): str(digest) for name, digest in files.items()}


def _verified(path: Path, digest: str) -> bytes:
    content = _bytes(path)
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise _refusal(
            "a file of the bundle was changed or truncated",
            path,
            f"sha256 {digest}",
            f"sha256 {found} of {len(content)} bytes",
        )
    return content


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise _refusal("a file of the bundle is missing", path, "a file", "nothing")
    return path.read_bytes()


def _refusal(what: str, where: Path, expected: str, got: str) -> DecisionError:
    return DecisionError(
        what,
        where=str(where),
        expected=expected,
        got=got,
        next_step="restore the bundle, or run the bundle stage again",
    )
