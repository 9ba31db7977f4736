"""Record what people decided on referred applications, one JSON object a line.

What a line says of a person lies beside it, so that it can be erased (`persons`). The record is
chained, and people who decide at the same moment take turns (`Record`).
A wrong freeze or refusal is corrected here, with reason and role (S5-R44).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from creditloom.serving.referral import persons
from creditloom.storage.files.errors import StatedError
from creditloom.storage.files.record import NO_PREVIOUS

OverrideOutcome = Literal["approve", "decline"]
# Characters: a reason is a sentence, not "ok".
MIN_REASON_LENGTH = 10


class ReferralError(StatedError):
    """An override that cannot be recorded, or a line that is none."""


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
    """Return all overrides, oldest first, less those that were erased; () when there is none.

    Raises DataError where a line does not follow from the one before, is not an override, was
    written by a later release, or has lost its person's values without an erasure.
    """
    lines = persons.with_values(path, persons.record(path).entries())
    numbered = enumerate(lines, start=1)
    return tuple(_override(line, path, n) for n, line in numbered if line is not None)


def append(
    override: Override, queue: pd.DataFrame, path: Path, largest: float | None = None
) -> Override:
    """Record a person's decision on a row of `queue`; return it as written.

    Lines are only ever added. `largest` is the product's largest limit in CNY: the most that a
    person may approve where no limit could be computed. Raises ReferralError for an application
    that does not wait, a reason or role that says nothing, and a limit that may not be.
    """
    # The check needs the lock too: two people may decide the same case at the same moment.
    with persons.record(path).adding() as addition:
        lines = persons.with_values(path, addition.before)
        decided = {line.get("decision_id") for line in lines if line is not None}
        _check(override, queue, decided, largest)
        content = asdict(override)
        # All of it, before the first half is written.
        addition.check(content)
        commitment, kept = persons.salted({name: content.pop(name) for name in persons.VALUES})
        persons.add_values(path, len(lines) + 1, kept)
        written = addition.add({**content, persons.COMMITMENT: commitment})
    return replace(override, previous=written["previous"])


def _override(entry: Mapping[str, Any], path: Path, number: int) -> Override:
    known = {field.name for field in fields(Override)}
    if entry.keys() != known:
        raise ReferralError.of(
            "A line that is no override",
            where=f"{path}, line {number}",
            expected=", ".join(sorted(known)),
            got=", ".join(sorted(entry)) or "no key",
            next_step="restore the file from its copy",
        )
    return Override(**entry)


def _check(
    override: Override, queue: pd.DataFrame, decided: set[Any], largest: float | None
) -> None:
    row = queue[queue["decision_id"] == override.decision_id]
    if row.empty:
        raise _refusal(
            "No such application waits for a person",
            "a decision_id of `creditloom refer list`",
            override.decision_id,
        )
    if override.decision_id in decided:
        raise _refusal(
            "This application was decided before", "one that still waits", override.decision_id
        )
    if len(override.reason.strip()) < MIN_REASON_LENGTH or not override.role.strip():
        raise _refusal(
            "An override needs a reason and the name of a role",
            "--reason with a sentence, --role",
            override.reason or "nothing",
        )
    computed = row["limit_cny"].iloc[0]
    _check_limit(override.outcome, override.limit_cny, largest if pd.isna(computed) else computed)


def _check_limit(outcome: OverrideOutcome, limit: float | None, most: float | None) -> None:
    """Raise ReferralError for a limit that the outcome may not have.

    `most` is None where no limit was computed and the product's largest is not known: nobody can
    approve then.
    """
    if outcome == "decline":
        if limit is not None:
            raise _refusal("A decline has no limit", "no --limit", limit)
        return
    # A person may approve less than was computed, never more.
    if most is None or limit is None or not math.isfinite(limit) or not 0 < limit <= most:
        if most is None:
            expected = "a decision with a limit, or a product whose largest limit is known"
        else:
            expected = f"a limit above 0 and of at most {most:,.0f} CNY"
        raise _refusal("The limit of an approval", expected, limit)


def _refusal(what: str, expected: str, got: object) -> ReferralError:
    return ReferralError.of(
        what,
        where="creditloom refer override",
        expected=expected,
        got=got,
        next_step="correct it; nothing was recorded",
    )
