"""Record what people decided on referred applications, one JSON object a line.

Each line holds the hash of the line before, so that a changed or lost line shows. A wrong freeze or
refusal is corrected here, with reason and role (S5-R44).
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from creditloom.storage.files.errors import StatedError
from creditloom.storage.files.formats import OVERRIDES, of_line, to_line

OverrideOutcome = Literal["approve", "decline"]
# What the first line holds in place of the hash of the line before it.
NO_PREVIOUS = "0" * 64
# Characters: a reason is a sentence, not "ok".
MIN_REASON_LENGTH = 10


class ReferralError(StatedError):
    """An override that cannot be recorded, or a record that was changed."""


@dataclass(frozen=True)
class Override:
    """A person's decision on a referred application.

    `date` is UTC in ISO 8601. `limit_cny` is null for a decline. `previous` is the hash of the line
    before.
    """

    date: str
    decision_id: str
    application_id: str
    outcome: OverrideOutcome
    limit_cny: float | None
    reason: str
    role: str
    previous: str = NO_PREVIOUS


def read(path: Path) -> tuple[Override, ...]:
    """Return all overrides, oldest first; () when there is none.

    Raises ReferralError where a line does not follow from the one before, DataError for a line that
    a later release wrote.
    """
    if not path.is_file():
        return ()
    overrides = []
    expected = NO_PREVIOUS
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        place = f"{path}, line {number}"
        override = Override(**of_line(line, OVERRIDES, place))
        if override.previous != expected:
            raise ReferralError.of(
                "A recorded override was changed, or a line before it",
                where=place,
                expected=expected,
                got=override.previous,
                next_step="restore the file from its copy; nothing is added to a broken record",
            )
        overrides.append(override)
        # The hash is of the line as it stands, not of the parsed object: spaces count too.
        expected = _hash(line)
    return tuple(overrides)


def append(override: Override, queue: pd.DataFrame, path: Path) -> Override:
    """Record a person's decision on a row of `queue`; return it as written.

    Lines are only ever added. Raises ReferralError for an application that does not wait, a reason
    or role that says nothing, and a limit above the decision's.
    """
    before = read(path)
    _check(override, queue, before)
    lines = path.read_text(encoding="utf-8").splitlines() if before else []
    chained = replace(override, previous=_hash(lines[-1]) if lines else NO_PREVIOUS)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="\n") as out:
        out.write(to_line(asdict(chained), OVERRIDES) + "\n")
    return chained


def _check(override: Override, queue: pd.DataFrame, before: tuple[Override, ...]) -> None:
    row = queue[queue["decision_id"] == override.decision_id]
    if row.empty:
        raise _refusal(
            "No such application waits for a person",
            "a decision_id of `creditloom refer list`",
            override.decision_id,
        )
    if any(earlier.decision_id == override.decision_id for earlier in before):
        raise _refusal(
            "This application was decided before", "one that still waits", override.decision_id
        )
    if len(override.reason.strip()) < MIN_REASON_LENGTH or not override.role.strip():
        raise _refusal(
            "An override needs a reason and the name of a role",
            "--reason with a sentence, --role",
            override.reason or "nothing",
        )
    _check_limit(override.outcome, override.limit_cny, row["limit_cny"].iloc[0])


def _check_limit(outcome: OverrideOutcome, limit: float | None, max_limit: Any) -> None:
    """Raise ReferralError for a limit that the outcome may not have; `max_limit` may be null."""
    if outcome == "decline" and limit is not None:
        raise _refusal("A decline has no limit", "no --limit", limit)
    # A person may approve less than was computed, never more. Where none was computed (null),
    # the comparison is false and any limit is allowed.
    if outcome == "approve" and (limit is None or limit <= 0 or limit > max_limit):
        if pd.isna(max_limit):
            expected = "a limit, as none could be computed"
        else:
            expected = f"a limit of at most {max_limit:,.0f} CNY"
        raise _refusal("The limit of an approval", expected, limit)


def _refusal(what: str, expected: str, got: object) -> ReferralError:
    return ReferralError.of(
        what,
        where="creditloom refer override",
        expected=expected,
        got=got,
        next_step="correct it; nothing was recorded",
    )


def _hash(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


# The queue: the referred rows of a decisions table that nobody has decided yet.

# What a person sees of a decision.
COLUMNS = (
    "decision_id",
    "application_id",
    "as_of",
    "product",
    "law_profile",
    "grade",
    "tier",
    "pd",
    "score",
    "limit_cny",
    "daily_rate",
    "actions",
    "not_assessed",
    "reasons",
)


def referred_cases(decisions: pa.Table) -> pa.Table:
    """Return the referred rows of a decisions table, with what a person needs to decide them."""
    return decisions.filter(pc.equal(decisions["decision"], "refer")).select(list(COLUMNS))


def waiting_cases(queue: pd.DataFrame, overrides: tuple[Override, ...]) -> pd.DataFrame:
    """Return the rows of the queue without an override, in its order."""
    decided = {override.decision_id for override in overrides}
    return queue[~queue["decision_id"].isin(decided)]
