"""The bundle on disk: the text files that decide, under a manifest of their hashes.

A file that does not match its hash is not read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from .base.catalogue import Catalogue
from .base.errors import DecisionError
from .base.layout import FILE as LAYOUT
from .base.layout import Layout
from .base.strict_json import canonical, check_format, parse
from .frames.input_frame import InputReader
from .reasons.sentences import SentenceBook
from .reasons.text import Language
from .rulebook.approval import FILE as APPROVAL
from .rulebook.approval import Approvals, articles_of, deciding
from .rulebook.policy import Policy
from .score.scorer import Calibration, Reference, Scorer
from .score.tiers import Tiers
from .score.tree_model import Margin

MANIFEST = "manifest.json"
# Format of the manifest and, as it lists them, of all files of a bundle. Release 0.1.0 wrote
# format 1 without naming it.
FORMAT = 5
# The format of a bundle that needs nothing of a later one.
PLAIN_FORMAT = 3
# The first format by which the id of a decision names its input too.
CONTENT_IDS = 3
# The first format by which that is the input as given: before, a text as the model reads it.
GIVEN_IDS = 4
# The format of a bundle that needs more than the plain one, but has no sentences, no errors of
# concepts and no record of approvals. Earlier releases read it; one with a record they must not, as
# they would decide by a draft.
TOLD_FORMAT = 4
# The first format by which a reason is significant and a whole sentence: before, up to four
# concepts, of which the first was given even where it lost nothing.
SIGNIFICANT_REASONS = 5
# The versions of a catalogue that brought what training saw of nulls, and sentences.
WITH_NULLS = 2
WITH_SENTENCES = 3
SCORING = ("model.txt", "catalogue.json", "calibration.json")
REQUIRED = (*SCORING, "tiers.json", "policy.json", "reference.json")
# A file that a bundle may have, and lists in its manifest where it has it.
OPTIONAL_FILES = (LAYOUT, APPROVAL)
# What an optional file must hold to be part of the bundle: a layout of raw tables knows no column,
# and the record of a rule book that offers nothing is empty.
NEEDED_KEY = {LAYOUT: "columns", APPROVAL: "version"}
# What the manifest repeats of the forecast level in calibration.json.
LEVEL_FIELDS = ("rate", "low", "high", "interval")
MANIFEST_FORM = '{"files": {name: sha256}}'


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: model, tiers, rule book and reference.

    `version` is the sha256 of the manifest, `policy_version` that of policy.json, `format` the
    format that the manifest says. `approvals` is the record of who approved the policy, `articles`
    the sha256 of each part of it; null and empty in a bundle of before the record, which decides.
    """

    scorer: Scorer
    tiers: Tiers
    policy: Policy
    reference: Reference
    version: str
    policy_version: str
    format: int = FORMAT
    layout: Layout | None = None
    approvals: Approvals | None = None
    articles: Mapping[str, str] = field(default_factory=dict)
    books: dict[Language, SentenceBook] = field(default_factory=dict, compare=False, repr=False)

    def sentence_book(self, language: Language) -> SentenceBook:
        """Return what the sentences of this bundle are made of, worked out once per language."""
        if language not in self.books:
            book = SentenceBook(self.scorer.catalogue, self.reference, language)
            self.books[language] = book
        return self.books[language]

    def require_approved(self, policy: Policy) -> None:
        """Raise `DecisionError` unless what decides in `policy`, one of ours, is approved."""
        if self.approvals is not None and policy.product is not None:
            laws = (law.id for law in policy.laws)
            self.approvals.require(deciding(self.articles, policy.product.id, laws))

    @cached_property
    def reference_points(self) -> np.ndarray:
        """Points of the reference applicant per feature, in model order."""
        return self.reference.features(self.scorer.catalogue)

    @property
    def has_significant_reasons(self) -> bool:
        """Whether the rules of format 5 choose and word the reasons."""
        return self.format >= SIGNIFICANT_REASONS

    @cached_property
    def reader(self) -> InputReader:
        """Read inputs as the bundle declares them."""
        consents = self.policy.consents or {}
        beyond = self.policy.beyond_training
        return InputReader(
            catalogue=self.scorer.catalogue,
            inputs=self.policy.inputs,
            consents=consents,
            own=self.layout,
            is_beyond_refused=beyond is not None and beyond.treatment == "refuse",
        )

    @classmethod
    def load(cls, folder: str | Path, threads: int | None = None) -> Bundle:
        """Read and verify a bundle; only the files that the manifest lists are opened.

        `threads` bounds the threads of the model; None takes every core of the process. Raises
        `DecisionError` for a file that is missing, changed or truncated, for a reference without a
        concept, and for a model that reads a protected attribute.
        """
        root = Path(folder)
        manifest = _bytes(root / MANIFEST)
        digests = _listed(root, manifest)
        texts = {name: _verified(root / name, digest) for name, digest in digests.items()}
        # Read in this order, which decides what a bundle with two faults is refused for.
        scorer = scorer_of(texts, threads)
        tiers = Tiers.from_json(texts["tiers.json"])
        number = check_format(json.loads(manifest), FORMAT, str(root / MANIFEST))
        policy = Policy.from_json(texts["policy.json"])
        reference = Reference.from_json(texts["reference.json"])
        # table: the bundle
        bundle = cls(
            scorer=scorer,
            tiers=tiers,
            policy=policy,
            reference=reference,
            version=hashlib.sha256(manifest).hexdigest(),
            policy_version=digests["policy.json"],
            format=number,
            layout=_layout(texts),
            approvals=Approvals.from_json(texts[APPROVAL]) if APPROVAL in texts else None,
            articles=_articles(texts),
        )
        # Asked here for its check alone: it raises where the reference lacks a concept.
        bundle.reference.concepts(bundle.scorer.catalogue)
        _check_protected(bundle, root)
        return bundle


def _layout(texts: Mapping[str, bytes]) -> Layout | None:
    return Layout.from_json(texts[LAYOUT]) if LAYOUT in texts else None


def _articles(texts: Mapping[str, bytes]) -> dict[str, str]:
    """Return the articles of a policy that has a record; none without."""
    if APPROVAL not in texts:
        return {}
    return articles_of(json.loads(texts["tiers.json"]), json.loads(texts["policy.json"]))


def _check_protected(bundle: Bundle, root: Path) -> None:
    features = set(bundle.scorer.catalogue.names)
    protected = sorted(features & set(bundle.policy.protected_attributes))
    if protected:
        raise _refusal(
            "the model reads a protected attribute",
            root / "catalogue.json",
            "none of them as a feature",
            protected[0],
        )


def write_manifest(folder: str | Path) -> str:
    """Write manifest.json with the hashes of the files that decide; return the bundle's version.

    `layout.json` is listed where it is there and knows a column, `approval.json` where it is a
    record; other files of the folder are not part of the bundle.
    Where calibration.json forecasts the bad rate of the months ahead, `level` repeats rate, low,
    high and interval: it tells, and decides nothing, so earlier readers may pass it over.
    The format is the first one that has all that the files hold. Raises `DecisionError` for a
    missing file.
    """
    root = Path(folder)
    names = [*REQUIRED, *(name for name in OPTIONAL_FILES if _says_something(root / name))]
    digests = {name: hashlib.sha256(_bytes(root / name)).hexdigest() for name in names}
    content = {"format": _format_of(root, names), "files": digests, **_level_told(root)}
    manifest = canonical(content)
    (root / MANIFEST).write_bytes(manifest)
    return hashlib.sha256(manifest).hexdigest()


def _level_told(root: Path) -> dict[str, dict[str, float]]:
    """Return `level` of the manifest; nothing where no level was forecast."""
    level = json.loads(_bytes(root / "calibration.json")).get("level")
    return {"level": {name: level[name] for name in LEVEL_FIELDS}} if level else {}


def _says_something(path: Path) -> bool:
    """Return whether an optional file is there and holds what makes it part of the bundle."""
    return path.is_file() and bool(json.loads(path.read_bytes()).get(NEEDED_KEY[path.name]))


def _format_of(root: Path, names: list[str]) -> int:
    """Return the first format of a manifest that has all that the files of a folder hold."""
    catalogue = json.loads(_bytes(root / "catalogue.json"))
    policy = json.loads(_bytes(root / "policy.json"))
    compared = json.loads(_bytes(root / "reference.json"))
    version = catalogue.get("version", 1)
    if APPROVAL in names or version >= WITH_SENTENCES or compared.get("concept_errors"):
        return FORMAT
    is_told = version >= WITH_NULLS or policy.get("beyond_training") is not None
    return TOLD_FORMAT if is_told or LAYOUT in names else PLAIN_FORMAT


def load_scorer(folder: str | Path, threads: int | None = None) -> Scorer:
    """Return the scoring half of a bundle that is still being made.

    Nothing is verified, as there is no manifest yet.
    """
    return scorer_of({name: _bytes(Path(folder) / name) for name in SCORING}, threads)


def scorer_of(texts: dict[str, bytes], threads: int | None) -> Scorer:
    """Return model, catalogue and calibration from the bytes of their files."""
    catalogue = Catalogue.from_json(texts["catalogue.json"])
    content = json.loads(texts["calibration.json"])
    calibration = parse(Calibration, content, "calibration.json", extra="ignore")
    margin = Margin(texts["model.txt"].decode(), catalogue.names, threads)
    return Scorer(catalogue, margin, calibration)


def _listed(root: Path, manifest: bytes) -> dict[str, str]:
    """Return the sha256 of each file that the manifest lists, by file name."""
    path = root / MANIFEST
    try:
        content = dict(json.loads(manifest))
    except (ValueError, TypeError) as error:
        raise _refusal("the manifest cannot be read", path, MANIFEST_FORM, str(error)) from error
    check_format(content, FORMAT, str(path))
    files = content.get("files")
    if not isinstance(files, dict):
        raise _refusal("the manifest lists no files", path, MANIFEST_FORM, repr(files))
    # A name with a folder in it could point outside the bundle.
    outside = [name for name in files if Path(name).name != name]
    missing = sorted(set(REQUIRED) - set(files))
    if outside or missing:
        raise _refusal(
            "the manifest is not that of a bundle",
            path,
            ", ".join(REQUIRED),
            ", ".join(outside or missing),
        )
    return {str(name): str(digest) for name, digest in files.items()}


def _verified(path: Path, digest: str) -> bytes:
    content = _bytes(path)
    actual = hashlib.sha256(content).hexdigest()
    if actual != digest:
        raise _refusal(
            "a file of the bundle was changed or truncated",
            path,
            f"sha256 {digest}",
            f"sha256 {actual} of {len(content)} bytes",
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
