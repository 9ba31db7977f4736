"""What a registered run says of itself in MLflow: name, parameters, figures, files, provenance."""

from __future__ import annotations

import datetime as dt
import hashlib
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from creditloom.pipeline.base import params, paths
from creditloom.pipeline.base.headline import headline_words, measured
from creditloom.serving.registry.mlflow_store import RunNotes

# Blocks of params.yaml that made the model. The others say how it is shown and judged.
BLOCKS = (
    "seed", "source", "calendar", "world", "features", "label", "split", "select", "train",
    "reject", "calibration", "policy",
)  # fmt: skip
# MLflow keeps so many characters of a parameter.
LONGEST_PARAM = 500
# Bytes of a file that are hashed at a time.
BLOCK = 1 << 20
# table: what is kept with the run, and the folder of its artifacts
FILES = (
    (paths.REPORT, "report"),
    (paths.METRICS, "report"),
    (paths.FIGURES, "report"),
    (paths.CURVES, "plots"),
    (paths.EXPLAIN, "plots"),
    (paths.PARAMS, ""),
)
# table: the same of a retrain, which judges and makes no page
RETRAIN_FILES = (
    (Path("proposal.json"), "report"),
    (paths.PARAMS, ""),
)


# The end of the description of a retrain.
READ_PROPOSAL = """\
`report/proposal.json` of the run says what it was judged by, beside the champion.
`creditloom history` says who made it champion, and why."""
# The end of the description.
READ_ON = """\
The report is `report/index.html` of the run. Figures of a simulated lender hold for that lender
alone. `creditloom history` says who made it champion, and why."""


def run_notes(model: str, metrics: Mapping[str, Any]) -> RunNotes:
    """Return what the run of this folder says: files and figures that are not there are left out.

    The run is named by model and day of registration, in UTC.
    """
    return _notes(model, metrics, Path(), FILES, READ_ON)


def retrain_notes(
    model: str, metrics: Mapping[str, Any], folder: Path, found: str, judged: Mapping[str, float]
) -> RunNotes:
    """Return what the run of a retrain says: parameters, matrix and answer of its own folder.

    found: what it found beside the champion, in a sentence. judged: figures by their words.
    """
    figures = "\n".join(f"- {words}: {value:.4f}" for words, value in judged.items())
    end = f"{found[:1].upper()}{found[1:]}.\n\n{figures}\n\n{READ_PROPOSAL}"
    return _notes(model, metrics, folder, RETRAIN_FILES, end)


def _notes(
    model: str,
    metrics: Mapping[str, Any],
    root: Path,
    kept: tuple[tuple[Path, str], ...],
    end: str,
) -> RunNotes:
    """Return the notes of the run whose files lie below `root`."""
    day = dt.datetime.now(dt.UTC).date().isoformat()
    whole = params.mapping(root / paths.PARAMS)
    chosen = {block: whole[block] for block in BLOCKS if block in whole}
    shown = {name: str(value)[:LONGEST_PARAM] for name, value in _leaves(chosen)}
    tags = {"dataset_sha256": _sha256(root / paths.MATRIX), "git_commit": _commit()}
    known = {name: value for name, value in tags.items() if value}
    files = tuple((root / file, folder) for file, folder in kept if (root / file).exists())
    text = _text(model, day, whole, metrics, end)
    return RunNotes(f"{model} {day}", text, shown, measured(metrics), known, files)


def _text(
    model: str, day: str, whole: Mapping[str, Any], metrics: Mapping[str, Any], end: str
) -> str:
    """Return the description of run and version, in Markdown."""
    source = whole.get("source", {}).get("kind", "?")
    head = f"Credit decisions of `{model}`, registered on {day}"
    figures = [f"- {words}: {text}" for words, text in headline_words(metrics).items()]
    block = [*figures, ""] if figures else []
    lines = [f"{head}: source {source}, seed {whole.get('seed')}.", "", *block, end]
    return "\n".join(lines)


def _leaves(content: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted name and value of every parameter."""
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _sha256(file: Path) -> str:
    """Return the hash of a file, "" where it is not there."""
    if not file.is_file():
        return ""
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _commit() -> str:
    """Return the commit of this folder, with `+` where files differ; "" outside a checkout."""
    words = ("git", "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*")
    try:
        said = subprocess.run(  # noqa: S603  git with words of ours, no shell
            words, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""
