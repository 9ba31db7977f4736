"""The page of `creditloom alternatives`: the front, the chosen point and its price, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# Half width of a 95 % interval, in standard errors.
NORMAL_95 = 1.96


def page_of(figures: Mapping[str, Any]) -> str:
    """Return the page."""
    return "\n".join(_lines(figures)) + "\n"


def _lines(figures: Mapping[str, Any]) -> Iterator[str]:
    group = ", ".join(figures["group"])
    against = ", ".join(figures["against"])
    yield "# Less discriminatory alternatives"
    yield ""
    yield (
        f"{figures['field']}: {group} against {against}. {figures['models']} models on "
        f"{figures['loans']:,} labelled loans of the training months with "
        f"{figures['bads']:,} bads; each loan is judged by a model that has not learnt from it. "
        f"The safest {100 * figures['passed']:g} % pass. Gap: pass rate of the goods of {against} "
        f"less that of the goods of {group}. In brackets: 95 % intervals."
    )
    yield ""
    yield from _choice(figures)
    yield ""
    yield "## Front"
    yield ""
    yield (
        "Points that no other model beats in both AUC and gap on the folds, the model as given "
        f"first. Judged once, after the choice, on {figures['people']:,} out-of-time people by "
        f"{figures['judged_by']}."
    )
    yield ""
    yield (
        "| model | change | AUC, folds | less the given | gap, folds | AUC, judged | less the "
        "given | gap, judged | left of it |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for one in figures["front"]:
        yield _row(one, is_chosen=one["ordinal"] == figures["chosen"])
    yield ""
    yield "## Single steps that close most of the gap, on the folds"
    yield ""
    yield "| change | gap | change of the gap | AUC less the given |"
    yield "|---|---|---|---|"
    for one in figures["steps"]:
        folds = one["folds"]
        yield (
            f"| {one['words']} | {folds['gap']:.4f} | {_pair(folds, 'gap_delta')} | "
            f"{_pair(folds, 'auc_delta')} |"
        )


def _choice(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was chosen, at which price, and whether the aim was reached."""
    chosen = next(one for one in figures["front"] if one["ordinal"] == figures["chosen"])
    judged = chosen["judged"]
    aim = f"{100 * figures['target']:g} % of the gap"
    reached = (
        f"It leaves at most {aim} on the folds, at the highest AUC of all that do."
        if figures["is_reached"]
        else f"No model leaves at most {aim} at an AUC not below the given: it has the least gap."
    )
    yield (
        f"**Chosen by the folds alone: model {chosen['ordinal'] + 1}, {chosen['words']}.** "
        f"{reached} Judged: the gap is {judged['gap']:.4f} ({judged['gap_low']:.4f} to "
        f"{judged['gap_high']:.4f}), {100 * judged['gap_left']:.0f} % of that of the given model; "
        f"the price is an AUC of {judged['auc']:.4f}, {judged['auc_delta']:+.4f} "
        f"({judged['auc_delta_low']:+.4f} to {judged['auc_delta_high']:+.4f})."
    )


def _row(one: Mapping[str, Any], *, is_chosen: bool) -> str:
    folds = one["folds"]
    judged = one["judged"]
    mark = "**" if is_chosen else ""
    cells = (
        f"{mark}{one['ordinal'] + 1}{mark}",
        f"{mark}{one['words']}{mark}",
        f"{folds['auc']:.4f}",
        _pair(folds, "auc_delta"),
        f"{folds['gap']:.4f} (± {NORMAL_95 * folds['gap_se']:.4f})",
        f"{judged['auc']:.4f} ({judged['auc_low']:.4f} to {judged['auc_high']:.4f})",
        _ends(judged, "auc_delta"),
        f"{judged['gap']:.4f} ({judged['gap_low']:.4f} to {judged['gap_high']:.4f})",
        f"{100 * judged['gap_left']:.0f} %",
    )
    return f"| {' | '.join(cells)} |"


def _pair(folds: Mapping[str, Any], name: str) -> str:
    return f"{folds[name]:+.4f} (± {NORMAL_95 * folds[name + '_se']:.4f})"


def _ends(judged: Mapping[str, Any], name: str) -> str:
    return f"{judged[name]:+.4f} ({judged[name + '_low']:+.4f} to {judged[name + '_high']:+.4f})"
