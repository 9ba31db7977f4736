"""The loops that draw most rows of the world, compiled: events come in order of person and time as they are drawn, and are not sorted.

Arrays ending in `_of` or called `person` hold places in a chunk; days count from the calendar's origin; times are microseconds since 1970.
One uniform draw serves twice where a part of it has chosen and the rest is still uniform.
"""

from __future__ import annotations

import math

import numpy as np

from creditloom.features.compiled import jit

DAY_US = 86_400_000_000
SECOND_US = 1_000_000
NIGHT_START, NIGHT_SECONDS = -3_600, 6 * 3_600  # 23 to 5 h, on one date
EVERYDAY = 0
LOOKUP = 256  # kinds that a person draws from
CENTS = (0.0, 0.5, 0.9)  # how shop prices end; one in four as it comes


@jit
def _settle(time, tag, first, last):  # type: ignore[no-untyped-def]
    """Bring the events `first` to `last`, nearly in order, into order of time."""
    for at in range(first + 1, last):
        moment, which, back = time[at], tag[at], at - 1
        while back >= first and time[back] > moment:
            time[back + 1], tag[back + 1] = time[back], tag[back]
            back -= 1
        time[back + 1], tag[back + 1] = moment, which


@jit
def _second(draw, clock):  # type: ignore[no-untyped-def]
    """Second of the day from a uniform draw, by the quantiles `clock`, which lie minutes apart."""
    place = draw * clock.size
    return clock[int(place)] + int((place - int(place)) * 60)


@jit
def scattered(rng, rates, low, width, cumulative, origin, clock):  # type: ignore[no-untyped-def]
    """(person, time, tag): Poisson events of one or two streams of `rates` (streams x people), days by the season `cumulative`.

    Two streams are drawn as one whose events choose between them. Gaps are exponential, so that the moments come in order.
    """
    mean = rates.sum(axis=0)
    counts = np.array([rng.poisson(one) for one in mean])
    person, time, tag = (
        np.repeat(np.arange(counts.size), counts),
        np.empty(counts.sum(), np.int64),
        np.zeros(counts.sum(), np.int8),
    )
    at = 0
    for who in range(counts.size):
        first, last, gone = at, at + counts[who], 0.0
        gaps = rng.standard_exponential(counts[who] + 1)
        scale = width[who] / gaps.sum()
        day = np.searchsorted(cumulative, low[who], side="right") - 1
        for k in range(counts[who]):
            gone += gaps[k]
            while cumulative[day + 1] <= low[who] + gone * scale and day < cumulative.size - 2:
                day += 1
            time[at] = (origin + day) * DAY_US + _second(rng.random(), clock) * SECOND_US
            if rates.shape[0] > 1:
                tag[at] = rng.random() * mean[who] >= rates[0, who]
            at += 1
        _settle(time, tag, first, last)
    return person, time, tag


@jit
def payments_a_day(  # type: ignore[no-untyped-def]
    rng, first_day, start_day, rate, weight, month, volume, luck, quiet, factor, n_days
):
    """People x days: Poisson counts of the day's rate, the month's volume and the day's luck; less from quiet[0] to quiet[1]."""
    counts = np.zeros((first_day.size, n_days), np.int32)
    for who in range(first_day.size):
        first_month = month[first_day[who]]
        for k in range(max(start_day[who] - first_day[who], 0), n_days):
            day = first_day[who] + k
            mean = (
                rate[who]
                * weight[day]
                * volume[who, month[day] - first_month]
                * luck[int(rng.random() * luck.size)]
            )
            counts[who, k] = rng.poisson(
                mean * factor if quiet[0, who] <= day < quiet[1, who] else mean
            )
    return counts


@jit
def payment_times(rng, counts, first_day, night, clock, other_person, other_time, other_tag):  # type: ignore[no-untyped-def]
    """(person, time, tag) of everyday payments and of the `other` ones, which lie in order of person and time."""
    total = counts.sum() + other_person.size
    person, time, tag = (
        np.empty(total, np.int64),
        np.empty(total, np.int64),
        np.full(total, EVERYDAY, np.int8),
    )
    at = other = 0
    for who in range(counts.shape[0]):
        begun = at
        for k in range(counts.shape[1]):
            first, midnight = at, (first_day[who] + k) * DAY_US
            for _ in range(counts[who, k]):
                draw = rng.random()
                if draw < night[who]:
                    second = (NIGHT_START + int(draw / night[who] * NIGHT_SECONDS)) % 86_400
                else:
                    second = _second((draw - night[who]) / (1.0 - night[who]), clock)
                time[at] = midnight + second * SECOND_US
                at += 1
            ends = midnight + DAY_US if k < counts.shape[1] - 1 else np.iinfo(np.int64).max
            while (
                other < other_person.size
                and other_person[other] == who
                and other_time[other] < ends
            ):
                time[at], tag[at] = other_time[other], other_tag[other]
                at, other = at + 1, other + 1
            _settle(time, tag, first, at)
        person[begun:at] = who
    return person, time, tag


@jit
def lookups(rng, mix):  # type: ignore[no-untyped-def]
    """People x LOOKUP: kinds in the shares of the cumulative `mix`, from a random place on so that no share is rounded away."""
    table = np.empty((mix.shape[0], LOOKUP), np.int8)
    for who in range(mix.shape[0]):
        place, kind = rng.random(), 0
        for k in range(LOOKUP):
            while kind < mix.shape[1] - 1 and (k + place) / LOOKUP >= mix[who, kind]:
                kind += 1
            table[who, k] = kind
    return table


@jit
def payment_kinds(  # type: ignore[no-untyped-def]
    rng, person, time, own, special, special_kind, lookup, struck, inflow, moved_share, moved_kind
):
    """Kind of each payment: `own` where not below 0; else special below the edges `special`, else one of the person's `lookup`.

    While a shock lasts (struck[1] to struck[2] of kind struck[0]) some become `moved_kind`: moved_share[0] of outflows, [1] of inflows.
    """
    kinds = own.copy()
    for at in range(kinds.size):
        if own[at] >= 0:
            continue
        who, draw, edge = person[at], rng.random(), 0
        while edge < special_kind.size and draw >= special[who, edge]:
            edge += 1
        if edge < special_kind.size:
            kinds[at] = special_kind[edge]
        else:
            kinds[at] = lookup[
                who, int((draw - special[who, edge - 1]) / (1.0 - special[who, edge - 1]) * LOOKUP)
            ]
        if (
            struck[1, who] <= time[at] < struck[2, who]
            and rng.random() < moved_share[int(inflow[kinds[at]])]
        ):
            kinds[at] = moved_kind[struck[0, who]]
    return kinds


@jit
def payment_amounts(  # type: ignore[no-untyped-def]
    rng, person, time, kind, sigma, level, spread, own_level, drift, began, offline, shops
):
    """(fen, is_offline): lognormal, log level of kind and person and `drift` a microsecond; prices of the first `shops` kinds have ends."""
    fen, at_counter = np.empty(kind.size, np.int64), np.empty(kind.size, np.bool_)
    for at in range(kind.size):
        which, who = kind[at], person[at]
        log = level[which] + own_level[who] + drift * (time[at] - began)
        cny = math.exp(log + rng.standard_normal() * sigma[which] * spread[who])
        draw = rng.random() * (len(CENTS) + 1)
        end = int(draw)
        if which < shops and end < len(CENTS):
            cny = math.floor(cny) + CENTS[end]
        fen[at] = max(int(np.rint(cny * 100.0)), 1)
        at_counter[at] = draw - end < offline[which]
    return fen, at_counter
