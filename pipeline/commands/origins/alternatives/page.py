"""The page of `creditloom alternatives`: the front, the chosen point and its price, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# Half width of a 95 % interval, in standard errors.
NORMAL_95 = 1.96
# table: heads of the front
HEADS = (
    "model",
    "change",
    "AUC, folds",
    "less the given",
    "gap, folds",
    "AUC, judged",
    "less the given",
    "gap, judged",
    "left of it",
)


def page_of(figures: Mapping[str, Any]) -> str:
    """Return the page."""
    return "\n".join(_lines(figures)) + "\n"


def _lines(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "# Less discriminatory alternatives"
    yield ""
    yield _what(figures)
    yield ""
    yield _choice(figures)
    yield ""
    yield "## Front"
    yield ""
    yield (
        "Points that no other model beats in both AUC and gap on the folds, the model as given "
        f"first. Judged once, after the choice, on {figures['people']:,} out-of-time people by "
        f"{figures['judged_by']}."
    )
    yield ""
    yield f"| {' | '.join(HEADS)} |"
    yield f"|{'---|' * len(HEADS)}"
    for one in figures["front"]:
        yield _row(one, is_chosen=one["ordinal"] == figures["chosen"])
    yield ""
    yield "## Single steps that close most of the gap, on the folds"
    yield ""
    yield "| change | gap | change of the gap | AUC less the given |"
    yield "|---|---|---|---|"
    for one in figures["steps"]:
        yield _step(one["words"], one["folds"])


def _what(figures: Mapping[str, Any]) -> str:
    """Return what was searched, on whom, and how to read the figures."""
    group = ", ".join(figures["group"])
    against = ", ".join(figures["against"])
    searched = (
        f"{figures['models']} models on {figures['loans']:,} labelled loans of the training "
        f"months with {figures['bads']:,} bads"
    )
    gap = f"pass rate of the goods of {against} less that of the goods of {group}"
    return (
        f"{figures['field']}: {group} against {against}. {searched}; each loan is judged by a "
        f"model that has not learnt from it. The safest {100 * figures['passed']:g} % pass. "
        f"Gap: {gap}. In brackets: 95 % intervals."
    )


def _choice(figures: Mapping[str, Any]) -> str:
    """Return what was chosen, at which price, and whether the aim was reached."""
    chosen = next(one for one in figures["front"] if one["ordinal"] == figures["chosen"])
    judged = chosen["judged"]
    aim = f"{100 * figures['target']:g} % of the gap"
    reached = f"No model leaves at most {aim} at an AUC not below the given: it has the least gap."
    if figures["is_reached"]:
        reached = f"It leaves at most {aim} on the folds, at the highest AUC, a penalty last."
    which = f"**Chosen by the folds alone: model {chosen['ordinal'] + 1}, {chosen['words']}.**"
    left = f"{_plain(judged, 'gap')}, {100 * judged['gap_left']:.0f} % of that of the given model"
    price = f"{judged['auc']:.4f}, {_ends(judged, 'auc_delta')}"
    return f"{which} {reached} Judged: the gap is {left}; the price is an AUC of {price}."


def _row(one: Mapping[str, Any], *, is_chosen: bool) -> str:
    folds = one["folds"]
    judged = one["judged"]
    mark = "**" if is_chosen else ""
    of_folds = (
        f"{folds['auc']:.4f}",
        _pair(folds, "auc_delta"),
        f"{folds['gap']:.4f} (± {NORMAL_95 * folds['gap_se']:.4f})",
    )
    of_judged = (
        _plain(judged, "auc"),
        _ends(judged, "auc_delta"),
        _plain(judged, "gap"),
        f"{100 * judged['gap_left']:.0f} %",
    )
    named = (f"{mark}{one['ordinal'] + 1}{mark}", f"{mark}{one['words']}{mark}")
    return f"| {' | '.join((*named, *of_folds, *of_judged))} |"


def _step(words: str, folds: Mapping[str, Any]) -> str:
    cells = (words, f"{folds['gap']:.4f}", _pair(folds, "gap_delta"), _pair(folds, "auc_delta"))
    return f"| {' | '.join(cells)} |"


def _pair(folds: Mapping[str, Any], name: str) -> str:
    return f"{folds[name]:+.4f} (± {NORMAL_95 * folds[name + '_se']:.4f})"


def _plain(judged: Mapping[str, Any], name: str) -> str:
    return f"{judged[name]:.4f} ({judged[name + '_low']:.4f} to {judged[name + '_high']:.4f})"


def _ends(judged: Mapping[str, Any], name: str) -> str:
    return f"{judged[name]:+.4f} ({judged[name + '_low']:+.4f} to {judged[name + '_high']:+.4f})"
