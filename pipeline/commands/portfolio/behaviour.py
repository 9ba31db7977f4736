"""How the behaviour score comes about: reviews of a past book, their later outcome, training, and its comparison with the booking score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.models.sample.metrics import auc
from creditloom.models.sample.split import OOT, SplitParams, month_index, roles
from creditloom.pipeline.base import paths
from creditloom.pipeline.commands.portfolio.book_world import recent
from creditloom.portfolio.book.account_history import history
from creditloom.portfolio.book.bcard import (
    BCard,
    Reviewed,
    ReviewParams,
    application_margin,
    outcome,
)
from creditloom.portfolio.book.behaviour import NAMES, WINDOW, columns
from creditloom.storage.files.formats import BEHAVIOUR, read_document, write_document
from creditloom.storage.files.store import write_text

DPD = NAMES.index("dpd_days_now")


def reviews(
    panel: Sequence[pa.Table],
    decisions: pd.DataFrame,
    month: int,
    split: SplitParams,
    params: ReviewParams,
) -> Reviewed:
    """Every account that is not yet bad in `month`, with what followed within the horizon; PD and date from its decision."""
    seen = history(recent(panel[: month + 1], WINDOW), WINDOW)
    booked = decisions.set_index("application_id").loc[seen.account]
    as_of = booked["as_of"].to_numpy()
    later = pa.concat_tables(panel[month + 1 : month + 1 + params.horizon_months])
    bad = outcome(later, seen.account, params.bad_dpd_days)
    rows = Reviewed(
        columns(seen, booked["pd"].to_numpy()), bad, roles(as_of, split), month_index(as_of, split)
    )
    return rows.where((seen.now("dpd_days") < params.bad_dpd_days) & ~seen.is_written_off)


def joined(parts: Sequence[Reviewed]) -> Reviewed:
    """Several months' reviews as one."""
    return Reviewed(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("columns", "is_bad", "role", "month")
        )
    )


def comparison(card: BCard, parts: dict[int, Reviewed]) -> list[dict[str, Any]]:
    """Out-of-time accounts, month by month: AUC of the behaviour score and of the booking score on the same accounts and outcomes.

    `clean` leaves out accounts that are overdue at the review, where days past due decide.
    """
    out = []
    for month, rows in parts.items():
        own = rows.where(rows.role == OOT)
        for name, part in (("all", own), ("clean", own.where(own.columns[:, DPD] == 0))):
            bads = int(part.is_bad.sum())
            known = 0 < bads < len(part.is_bad)
            out.append(
                {
                    "month_on_book": month,
                    "accounts": name,
                    "n": len(part.is_bad),
                    "bads": bads,
                    "auc_behaviour": auc(part.is_bad, card.pd(part.columns)) if known else None,
                    "auc_booking": auc(part.is_bad, application_margin(part.columns))
                    if known
                    else None,
                }
            )
    return out


def write(card: BCard) -> None:
    """data/book/behaviour: the trees as text, the rest as JSON."""
    write_text(card.model_text, paths.BEHAVIOUR / "model.txt")
    write_document(card.to_json(), paths.BEHAVIOUR / "bcard.json", BEHAVIOUR)


def read() -> BCard:
    """The behaviour score that `write` wrote."""
    content = read_document(paths.BEHAVIOUR / "bcard.json", BEHAVIOUR)
    return BCard.from_json(content, (paths.BEHAVIOUR / "model.txt").read_text(encoding="utf-8"))
