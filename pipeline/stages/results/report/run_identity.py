"""Which run a page is of: date, seed, commit, months of the data, status."""

from __future__ import annotations

import datetime as dt
import os
import subprocess

from creditloom.pipeline.base import paths
from creditloom.storage.files.store import read_frame, read_json

# Set where a page must be the same on two days: seconds since 1970, as builders set it.
EPOCH = "SOURCE_DATE_EPOCH"
NO_CHECKOUT = "no checkout"
CHARACTERS = 16  # of a version or commit: enough to distinguish two


def made_on() -> str:
    """Return the day the page is made on, UTC; that of SOURCE_DATE_EPOCH where it is set."""
    moment = os.environ.get(EPOCH)
    if moment is not None and moment.isdigit():
        return dt.datetime.fromtimestamp(int(moment), dt.UTC).date().isoformat()
    return dt.datetime.now(dt.UTC).date().isoformat()


def commit() -> str:
    """Return the commit of the checkout, and that it has changes; `no checkout` without git."""
    # An installed package may lie inside another repository: that one's commit says nothing.
    if not (paths.PACKAGE.parent / "dvc.yaml").is_file():
        return NO_CHECKOUT
    head = _git("rev-parse", "--short", "HEAD")
    if not head:
        return NO_CHECKOUT
    return f"{head}, with changes" if _git("status", "--porcelain", "-uno") else head


def _git(*words: str) -> str:
    try:
        said = subprocess.run(  # noqa: S603  git alone, no shell
            ["git", "-C", str(paths.PACKAGE.parent), *words],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        # A machine without git.
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""


def data_period() -> str:
    """Return the months of the applications, first to last."""
    as_of = read_frame(paths.DECISIONS, ["as_of"])["as_of"]
    return f"{as_of.min():%Y-%m} – {as_of.max():%Y-%m}"


def status(missed: int, needs_approval: bool) -> str:
    """Return how far the model may be used: bars, and the approval of its policy."""
    policy = read_json(paths.POLICY)
    checked = policy.get("validation") or {}
    validated = "validated" if checked.get("is_validated") else "not validated"
    bars = "all bars met" if not missed else f"{missed} bars missed"
    approval = "policy approved" if needs_approval else "trial policy"
    return f"{bars}; {validated}; {approval}; not a champion before `creditloom register`"
