"""Judge what was measured at several seeds: pure functions of the parts' contents, no files.

`figures` makes one document of all seeds, in which the bars of evidence_bars.yaml find their
figures. A figure that a seed lacks is absent from all: a bar on four seeds of five is not met.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from creditloom.models.calibration.calibration_tests import holm
from creditloom.models.evaluation.bars import figure
from creditloom.models.sample.arrays import Floats

Content = Mapping[str, Any]
# The parts of each seed by name.
Seeds = Mapping[int, Mapping[str, Content]]

# An interval of a group's mean PD holds 90 %.
INTERVAL = (0.05, 0.95)
# Standard deviations from end to end of a normal interval that holds 90 %.
NORMAL_WIDTH = 2 * 1.6449
# Groups with fewer expected bads, seeds pooled, are told and not judged.
LEAST_EXPECTED = 200.0
# Points of share over the plain rival, or so much of the ceiling.
OVER_PLAIN = 0.02
OF_CEILING = 0.97
# The inner estimate may miss by so much AUC, or by two standard errors.
INNER_MISS = 0.01
STANDARD_ERRORS = 2.0
# Kinds of groups whose intervals are judged.
KINDS = ("random", "decile", "segment", "file")
# Quantile of a two-sided 95 % interval over seeds.
UPPER = 0.975


@dataclass(frozen=True)
class GroupCoverage:
    """How often the intervals of groups hold the target, and how wide they are in the mean.

    refit_width: of an interval of the same probability by the spread of the refits.
    """

    groups: int
    covered: int
    width: float
    refit_width: float


def aligned(pds: Floats) -> Floats:
    """Return PDs over their mean by draw, shape (k, n): what is left is their shape.

    >>> aligned(np.array([[0.1, 0.3]])).tolist()
    [[0.5, 1.5]]
    """
    return np.asarray(pds / pds.mean(axis=1, keepdims=True))


def coverage(
    drawn: Floats, again: Floats, target: Floats, groups: Sequence[np.ndarray], scale: float = 1.0
) -> GroupCoverage:
    """Return the coverage of the groups' mean PD by the draws, all with the level aligned.

    drawn, again: PDs of draws and of refits, shape (k, n). target: shape (n,). groups: rows of
    each. scale: of the intervals' widths; a half must be found too narrow.
    """
    covered = 0
    widths = []
    refit_widths = []
    for rows in groups:
        low, high = np.quantile(drawn[:, rows].mean(axis=1), INTERVAL)
        half = scale * (high - low) / 2
        covered += bool(abs(target[rows].mean() - (low + high) / 2) <= half)
        widths.append(2 * half)
        refit_widths.append(NORMAL_WIDTH * again[:, rows].mean(axis=1).std(ddof=1))
    return GroupCoverage(len(groups), covered, float(np.mean(widths)), float(np.mean(refit_widths)))


def spread(values: Mapping[int, float | None]) -> dict[str, Any]:
    """Return a figure over seeds: each, mean, least, greatest, 95 % interval of the mean by t.

    Only `by_seed` where a seed lacks it. low, high: null for one seed.

    >>> spread({1: 0.5, 2: None})
    {'by_seed': {'1': 0.5, '2': None}}
    """
    by_seed = {str(seed): value for seed, value in values.items()}
    known = [value for value in values.values() if value is not None]
    if not known or len(known) < len(values):
        return {"by_seed": by_seed}
    low, high = _interval_over_seeds(known)
    mean = float(np.mean(known))
    ends = {"least": min(known), "greatest": max(known)}
    return {"by_seed": by_seed, "mean": mean, "low": low, "high": high, **ends}


def _interval_over_seeds(values: Sequence[float]) -> tuple[float | None, float | None]:
    from scipy.stats import t

    n = len(values)
    if n < 2:
        return None, None
    half = float(t.ppf(UPPER, n - 1) * np.std(values, ddof=1) / np.sqrt(n))
    return float(np.mean(values)) - half, float(np.mean(values)) + half


def share_of(values: Mapping[int, float | None], holds: Callable[[float], bool]) -> float | None:
    """Return the share of the seeds whose figure `holds`; None where one lacks it."""
    known = [value for value in values.values() if value is not None]
    if not known or len(known) < len(values):
        return None
    return float(np.mean([holds(value) for value in known]))


def figures(seeds: Seeds, large: Content | None = None) -> dict[str, Any]:
    """Return the document of all seeds. large: of the world with more applicants."""
    # table: the blocks of the document
    document = {
        **{name: _duel(seeds, name) for name in ("plain", "ridge", "incumbent")},
        "reachable": {**spread(_of(seeds, "run", "share.value")), "applicants": _ends(seeds)},
        "optimistic": spread(_of(seeds, "information", "optimistic.value")),
        "ceiling": spread(_of(seeds, "information", "of_ceiling.value")),
        "approval": spread(_of(seeds, "run", "metrics.final.approve_rate")),
        "bad_rate": spread(_of(seeds, "run", "metrics.final.bad_rate_true")),
        "inner": inner(seeds),
        **off(seeds),
        "refits": worst_group(seeds),
        **coverages(seeds),
        **macro_paths(seeds),
        "large": {"bad_rate": figure(large or {}, "metrics.final.bad_rate_true")},
    }
    document["plain"]["or_ceiling"] = or_ceiling(document)
    return document


def or_ceiling(document: Mapping[str, Any]) -> float | None:
    """Return the better of: over the plain rival by OVER_PLAIN, of the ceiling by OF_CEILING.

    1 is just enough. None where neither was measured.
    """
    parts = (
        (figure(document, "plain.mean"), OVER_PLAIN),
        (figure(document, "ceiling.mean"), OF_CEILING),
    )
    return max((value / least for value, least in parts if value is not None), default=None)


def _of(seeds: Seeds, part: str, path: str) -> dict[int, float | None]:
    """Return the figure of each seed at a path of one part, None where it is absent."""
    return {seed: figure(parts.get(part) or {}, path) for seed, parts in seeds.items()}


def _ends(seeds: Seeds) -> dict[str, list[float | None]]:
    """Return the interval over drawn applicants of each seed."""
    low, high = (_of(seeds, "run", f"share.{end}") for end in ("low", "high"))
    return {str(seed): [low[seed], high[seed]] for seed in seeds}


def _duel(seeds: Seeds, rival: str) -> dict[str, Any]:
    """Return the difference in shares to a rival: its spread, and on how many seeds it is sure."""
    path = f"metrics.duels.{rival}_door"
    low = _of(seeds, "run", f"{path}.share_low")
    high = _of(seeds, "run", f"{path}.share_high")
    found = spread(_of(seeds, "run", f"{path}.share_delta"))
    found["ahead"] = share_of(low, lambda end: end > 0)
    found["behind"] = share_of(high, lambda end: end < 0)
    return {**found, "applicants": {str(seed): [low[seed], high[seed]] for seed in seeds}}


def inner(seeds: Seeds) -> dict[str, Any]:
    """Return the inner estimate less the AUC that followed, over all origins of all seeds.

    of_allowed: the miss of the mean over what is allowed; 1 is just allowed. Origins with one class
    only tell nothing.
    """
    by_seed: dict[int, float | None] = {}
    every: list[float] = []
    for seed, parts in seeds.items():
        origins = (parts.get("backtest") or {}).get("origins", [])
        pairs = [(one["inner_auc"], one["auc"]) for one in origins]
        misses = [told - kept for told, kept in pairs if told is not None and kept is not None]
        by_seed[seed] = float(np.mean(misses)) if misses else None
        every += misses
    found = spread(by_seed)
    if "mean" not in found or len(every) < 2:
        return found
    se = float(np.std(every, ddof=1) / np.sqrt(len(every)))
    allowed = max(INNER_MISS, STANDARD_ERRORS * se)
    mean = float(np.mean(every))
    return {**found, "mean": mean, "se": se, "n": len(every), "of_allowed": abs(mean) / allowed}


# --- Without an economy ---


def pooled_groups(seeds: Seeds) -> dict[str, dict[str, float]]:
    """Return observed and expected bads by group, seeds pooled; groups with LEAST_EXPECTED."""
    sums: dict[str, dict[str, float]] = defaultdict(lambda: {"observed": 0.0, "expected": 0.0})
    for parts in seeds.values():
        for one in (parts.get("off") or {}).get("groups", []):
            for key in ("observed", "expected"):
                sums[one["group"]][key] += one[key]
    return {name: one for name, one in sorted(sums.items()) if one["expected"] >= LEAST_EXPECTED}


def off(seeds: Seeds) -> dict[str, Any]:
    """Return least and greatest O/E of the pooled groups, and how often the level is held."""
    inside: dict[int, float | None] = {}
    for seed, parts in seeds.items():
        part = parts.get("off")
        is_held = part and part["low"] <= part["mean_true"] <= part["high"]
        inside[seed] = None if part is None else float(bool(is_held))
    level = {**spread(inside), "inside": share_of(inside, bool)}
    pooled = pooled_groups(seeds)
    ratios = {name: one["observed"] / one["expected"] for name, one in pooled.items()}
    if not ratios or level["inside"] is None:
        return {"off_level": level, "off_groups": {}}
    ends = {"least": min(ratios.values()), "most": max(ratios.values())}
    return {"off_level": level, "off_groups": {**ends, "groups": ratios}}


def worst_group(seeds: Seeds) -> dict[str, Any]:
    """Return the least adjusted p of the groups of the seeds, and whose it is."""
    p_values = group_p_values(seeds)
    worst = min(p_values, key=lambda name: p_values[name]) if p_values else None
    return {"least_p": None if worst is None else p_values[worst], "group": worst}


def group_p_values(seeds: Seeds) -> dict[str, float]:
    """Return the p of log O/E by seed and group, by the refits' deviation, adjusted by Holm.

    Empty where a seed lacks one of both parts. The groups are those that pooled seeds judge.
    """
    judged = pooled_groups(seeds)
    p_values = {}
    for seed, parts in seeds.items():
        if parts.get("off") is None or parts.get("refits") is None:
            return {}
        deviations = parts["refits"]["deviations"]
        degrees = parts["refits"]["refits"] - 1
        for one in parts["off"]["groups"]:
            if one["group"] in judged:
                miss = np.log(one["observed"] / one["expected"])
                p_values[f"seed {seed}, {one['group']}"] = _p(
                    miss, deviations[one["group"]], degrees
                )
    return dict(zip(p_values, holm(list(p_values.values())), strict=True))


def _p(miss: float, deviation: float, degrees: int) -> float:
    """Return the two-sided p of a miss; the deviation of few refits has a t distribution."""
    from scipy.stats import t

    if deviation > 0:
        return float(2 * t.sf(abs(miss) / deviation, degrees))
    return float(miss == 0)


def coverages(seeds: Seeds) -> dict[str, Any]:
    """Return by kind how many intervals hold the PD, and the width of those of random groups."""
    found = {f"cover_{kind}": _pooled_coverage(seeds, kind) for kind in KINDS}
    width, refit_width = (
        _of(seeds, "refits", f"coverage.random.{key}") for key in ("width", "refit_width")
    )
    return {**found, "cover_width": _ratio(width, refit_width)}


def _pooled_coverage(seeds: Seeds, kind: str) -> dict[str, Any]:
    covered, groups = (
        _of(seeds, "refits", f"coverage.{kind}.{key}") for key in ("covered", "groups")
    )
    found = _ratio(covered, groups)
    return {"by_seed": found["by_seed"], "coverage": found.get("ratio")}


def _ratio(above: Mapping[int, float | None], below: Mapping[int, float | None]) -> dict[str, Any]:
    """Return the ratio of each seed, and that of the sums; none where a seed lacks one."""
    pairs = {seed: (above[seed], below[seed]) for seed in above}
    by_seed = {
        str(seed): None if a is None or b is None else a / b for seed, (a, b) in pairs.items()
    }
    if not pairs or None in by_seed.values():
        return {"by_seed": by_seed}
    top, bottom = (sum(one[k] or 0.0 for one in pairs.values()) for k in (0, 1))
    return {"by_seed": by_seed, "ratio": top / bottom}


# --- With an economy ---


def macro_paths(seeds: Seeds) -> dict[str, Any]:
    """Return how often the forecast holds the level of the run and of redrawn paths, and its width.

    paths_width: mean width over that of the true process.
    """
    parts = {seed: one.get("paths") for seed, one in seeds.items()}
    own: dict[int, float | None] = {
        seed: None if one is None else float(one["low"] <= one["mean_true"] <= one["high"])
        for seed, one in parts.items()
    }
    shares = {
        seed: None if one is None else one["inside_paths"] / one["paths"]
        for seed, one in parts.items()
    }
    width, process = (_of(seeds, "paths", key) for key in ("width", "process_width"))
    recentred = spread(_of(seeds, "paths", "recentred"))
    return {
        "own_level": {**spread(own), "inside": share_of(own, bool)},
        "paths": {**spread(shares), "recentred": recentred.get("mean")},
        "paths_width": _ratio(width, process),
    }
