"""The switches that `creditloom simulate` can turn on, and what each owns in the folder it writes.

Those of the book (drawdown, prepayment, recoveries) change nothing that the command writes, and so
are no options of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer

# Switches that are on or off.
FLAGS = ("challenger", "alternative")
# What stands before the name of a drift: `drift=shift`.
DRIFT = "drift="
LOAN_TABLES = "raw/loan_performance and raw/short_loan_performance"


@dataclass(frozen=True)
class SwitchNote:
    """One switch that is on, as the card tells it.

    `owns` names the columns and tables that it adds or changes. `is_past_oracle`: it moves true PDs
    by something that `pd_oracle` does not know of, so that a score can be better.
    """

    option: str
    what: str
    owns: str
    is_past_oracle: bool


# table: each option, in the order in which a command names it
NOTES = (
    SwitchNote(
        "challenger",
        "a random share of the applications is marked for a challenger; the incumbent decides all",
        "columns `arm` and `arm_chance` of raw/applications",
        is_past_oracle=False,
    ),
    SwitchNote(
        "alternative",
        "poor areas are riskier, and a bought index of arrears by area says who lives there",
        "column `area_arrears_index` of raw/applications; "
        f"outcomes in {LOAN_TABLES}; `is_protected`, true PDs and outcomes of truth/",
        is_past_oracle=True,
    ),
    SwitchNote(
        "drift=mean_pd",
        "everyone who applies in the out-of-time months is riskier, and nothing seen says so",
        f"outcomes in {LOAN_TABLES}; `is_drifted`, true PDs and outcomes of truth/",
        is_past_oracle=True,
    ),
    SwitchNote(
        "drift=family_null",
        "a share of those who apply in the out-of-time months has no row of one family",
        "rows of raw/logins; `is_drifted` of truth/",
        is_past_oracle=False,
    ),
    SwitchNote(
        "drift=shift",
        "the bureau raises its scale for all who apply in the out-of-time months",
        "column `bureau_score` of raw/bureau_snapshots; `is_drifted` of truth/",
        is_past_oracle=False,
    ),
    SwitchNote(
        "drift=segment",
        "a new occupation appears in the out-of-time months, riskier than it looks",
        "column `occupation` of raw/applications; "
        f"outcomes in {LOAN_TABLES}; `is_drifted`, `segment`, true PDs and outcomes of truth/",
        is_past_oracle=True,
    ),
)
OPTIONS = tuple(note.option for note in NOTES)


def switches_of(options: Sequence[str]) -> dict[str, Any]:
    """Return the switches that the options of a command turn on, by the names of `Switches`.

    Raises BadParameter for an unknown switch, and for two drifts.
    """
    unknown = [option for option in options if option not in OPTIONS]
    if unknown:
        raise typer.BadParameter(f"--switch {unknown[0]}: expected one of {', '.join(OPTIONS)}")
    drifts = sorted({one.removeprefix(DRIFT) for one in options if one.startswith(DRIFT)})
    if len(drifts) > 1:
        raise typer.BadParameter(f"--switch: one drift at a time, got {' and '.join(drifts)}")
    flags: dict[str, Any] = {name: True for name in FLAGS if name in options}
    return {**flags, "drift": drifts[0]} if drifts else dict(flags)


def notes_of(switches: Mapping[str, Any]) -> tuple[SwitchNote, ...]:
    """Return the notes of the switches that are on, given by name as in truth/meta.json.

    >>> [note.option for note in notes_of({"challenger": True, "drift": "shift"})]
    ['challenger', 'drift=shift']
    """
    on = {name for name in FLAGS if switches.get(name)}
    on.add(f"{DRIFT}{switches.get('drift')}")
    return tuple(note for note in NOTES if note.option in on)


def past_oracle(notes: Iterable[SwitchNote]) -> tuple[str, ...]:
    """Return the options that move PDs by something that `pd_oracle` does not know of."""
    return tuple(note.option for note in notes if note.is_past_oracle)
