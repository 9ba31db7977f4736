"""Makes the data of the behaviour score, and compares, writes and reads the score.

The data are reviews of a past book with their later outcome. The behaviour score (B-card) is
compared with the score at booking, on the same accounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.decision.score.scorer import Calibration
from creditloom.models.sample.metrics import auc
from creditloom.models.sample.split import OOT, SplitParams, month_index, roles
from creditloom.pipeline.base import paths
from creditloom.pipeline.book.book_world import recent
from creditloom.portfolio.book.account_history import history
from creditloom.portfolio.book.bcard import (
    BCard,
    ReviewedAccounts,
    ReviewParams,
    application_margin,
    outcome,
)
from creditloom.portfolio.book.behaviour import NAMES, WINDOW, columns
from creditloom.storage.files.formats import BEHAVIOUR, read_document, write_document
from creditloom.storage.files.store import write_text

DPD_COLUMN = NAMES.index("dpd_days_now")


def booking_decisions(
    decisions: pd.DataFrame, held_out: pd.DataFrame, line: Calibration, split: SplitParams
) -> pd.DataFrame:
    """Return the decisions with PDs of models that have not learnt from the account.

    decisions: application_id, as_of, pd. held_out: application_id and margin, as `train` writes
    them of applicants. An account before out-of-time that no such model scored has a null PD: the
    PD of a loan that taught the model knows how it ended, and the behaviour score would trust the
    PD at booking more than that of a new account deserves.
    """
    margin = held_out.set_index("application_id")["margin"]
    unseen = margin.reindex(decisions["application_id"]).to_numpy()
    is_oot = roles(decisions["as_of"].to_numpy(), split) == OOT
    as_new = np.where(is_oot, decisions["pd"].to_numpy(), line.pd(unseen))
    return decisions.assign(pd=as_new)


def reviews(
    panel: Sequence[pa.Table],
    decisions: pd.DataFrame,
    month: int,
    split: SplitParams,
    params: ReviewParams,
) -> ReviewedAccounts:
    """Return every account that is not yet bad in `month`, with its outcome within the horizon.

    `panel` holds one table per month on book. The PD and the date of an account come from its
    decision; one with a null PD is left out.
    """
    past = history(recent(panel[: month + 1], WINDOW), WINDOW)
    booked = decisions.set_index("application_id").loc[past.account]
    as_of = booked["as_of"].to_numpy()
    # The outcome is seen in the months after the review, up to the horizon of the score.
    later = pa.concat_tables(panel[month + 1 : month + 1 + params.horizon_months])
    is_bad = outcome(later, past.account, params.bad_dpd_days)
    features = columns(past, booked["pd"].to_numpy())
    rows = ReviewedAccounts(features, is_bad, roles(as_of, split), month_index(as_of, split))
    # An account that is already bad or written off has no outcome to predict.
    is_open = (past.now("dpd_days") < params.bad_dpd_days) & ~past.is_written_off
    return rows.where(is_open & booked["pd"].notna().to_numpy())


def joined_reviews(parts: Sequence[ReviewedAccounts]) -> ReviewedAccounts:
    """Return the reviews of several months as one."""
    names = ("columns", "is_bad", "role", "month")
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return ReviewedAccounts(**arrays)


def comparison(card: BCard, parts: dict[int, ReviewedAccounts]) -> list[dict[str, Any]]:
    """Return the AUC of behaviour and booking score, month by month, on out-of-time accounts.

    Both are measured on the same accounts and outcomes. `clean` leaves out accounts that are
    overdue at the review, because there the days past due alone rank well. An AUC is null if all
    accounts are bad or none is.
    """
    rows = []
    for month, reviewed in parts.items():
        accounts = reviewed.where(reviewed.role == OOT)
        clean = accounts.where(accounts.columns[:, DPD_COLUMN] == 0)
        for name, part in (("all", accounts), ("clean", clean)):
            rows.append({"month_on_book": month, "accounts": name, **_aucs(card, part)})
    return rows


def _aucs(card: BCard, part: ReviewedAccounts) -> dict[str, Any]:
    n = len(part.is_bad)
    bads = int(part.is_bad.sum())
    # An AUC needs both goods and bads.
    if not 0 < bads < n:
        return {"n": n, "bads": bads, "auc_behaviour": None, "auc_booking": None}
    return {
        "n": n,
        "bads": bads,
        "auc_behaviour": auc(part.is_bad, card.pd(part.columns)),
        "auc_booking": auc(part.is_bad, application_margin(part.columns)),
    }


def write(card: BCard) -> None:
    """Write data/book/behaviour: the trees as text, the rest as JSON."""
    write_text(card.model_text, paths.BEHAVIOUR / "model.txt")
    write_document(card.to_json(), paths.BEHAVIOUR / "bcard.json", BEHAVIOUR)


def read() -> BCard:
    """Return the behaviour score that `write` wrote."""
    content = read_document(paths.BEHAVIOUR / "bcard.json", BEHAVIOUR)
    return BCard.from_json(content, (paths.BEHAVIOUR / "model.txt").read_text(encoding="utf-8"))
