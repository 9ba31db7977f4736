"""The compiled loops that draw most rows of the world.

They are compiled because they draw rows one by one, each depending on the one before. numpy cannot
do that, and Python is slow at it. Events come in order of person and time as they are drawn, so
nothing has to be sorted. The order of the draws in each loop is part of the identity of a world: a
draw that is moved, added or left out changes everything behind it. Neither fast math nor fused
multiply-add is used (`creditloom.features.compiled`), so the same seed gives the same bits.

Arrays called `person` hold places in a chunk. Days count from the origin of the calendar. Times are
microseconds since 1970. One uniform draw serves twice where a part of it has chosen something and
the rest is still uniform.
"""

from __future__ import annotations

import math

import numpy as np

from creditloom.features.compiled import jit

# Constants are repeated here rather than imported: compiled code is kept per content of this file,
# and would not notice that an imported number has changed.
DAY_US = 86_400_000_000
SECOND_US = 1_000_000
# Night is 23 to 5 h (domain 7.4), seconds. Both its parts lie on one date: 0 to 5 h and 23 to 24 h.
NIGHT_START = -3_600
NIGHT_SECONDS = 6 * 3_600
# Tag of everyday payments, as in `payment_flow`.
EVERYDAY = 0
# Entries of the table of kinds that a person draws from: shares are met to about 0.4 % (choice).
LOOKUP_SIZE = 256
# How shop prices end, in yuan (domain 7.4); one price in four is left as it comes (choice).
PRICE_ENDINGS = (0.0, 0.5, 0.9)


# Compiled: a sort of a few events per person, which a call of numpy each would slow down.
@jit
def _settle(time, tag, first, last):  # type: ignore[no-untyped-def]
    """Sort the events `first` to `last` (exclusive) by time, in place.

    Insertion sort: the events are nearly in order, and equal times keep their order.
    """
    for at in range(first + 1, last):
        moment, which, back = time[at], tag[at], at - 1
        while back >= first and time[back] > moment:
            time[back + 1], tag[back + 1] = time[back], tag[back]
            back -= 1
        time[back + 1], tag[back + 1] = moment, which


# Compiled and inlined: it runs once per payment.
@jit
def _second(draw, clock):  # type: ignore[no-untyped-def]
    """Return the second of the day of a uniform draw, by the quantiles `clock`.

    The whole part of the place chooses the quantile. The rest, still uniform, spreads the events
    over the minute that follows it.
    """
    place = draw * clock.size
    return clock[int(place)] + int((place - int(place)) * 60)


@jit
def scattered(rng, rates, low, width, cumulative, origin, clock):  # type: ignore[no-untyped-def]
    """Return (person, time, tag) of Poisson events of one or two streams.

    `rates` is streams x people, events per window. Days follow the season `cumulative`; a window is
    `low` to `low + width` on its scale. Two streams are drawn as one whose events choose between
    them: a sum of Poisson counts is Poisson.
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
        # Scaled sums of n + 1 exponential gaps are n sorted uniform draws: no sort is needed.
        gaps = rng.standard_exponential(counts[who] + 1)
        scale = width[who] / gaps.sum()
        day = np.searchsorted(cumulative, low[who], side="right") - 1
        for k in range(counts[who]):
            gone += gaps[k]
            # The moments only grow, so the day is found by walking on. Rounding may carry the last
            # moment past the end of the season: it stays on the last day.
            while cumulative[day + 1] <= low[who] + gone * scale and day < cumulative.size - 2:
                day += 1
            time[at] = (origin + day) * DAY_US + _second(rng.random(), clock) * SECOND_US
            # Nothing is drawn for a single stream: its draws must not depend on this feature.
            if rates.shape[0] > 1:
                tag[at] = rng.random() * mean[who] >= rates[0, who]
            at += 1
        # Days are in order, the times within a day are not yet.
        _settle(time, tag, first, last)
    return person, time, tag


# Compiled: draws come in order of person and day, which fixes the stream of random numbers.
@jit
def payments_a_day(  # type: ignore[no-untyped-def]
    rng, first_day, start_day, rate, weight, month, volume, luck, quiet, factor, n_days
):
    """Return payments per person and day, people x `n_days` from `first_day`.

    They are Poisson counts of the person's `rate`, the `weight` of the day, the `volume` of the
    month and the `luck` of the day. From quiet[0] to quiet[1] the mean is multiplied by `factor`.
    Days before `start_day` have none.
    """
    counts = np.zeros((first_day.size, n_days), np.int32)
    for who in range(first_day.size):
        first_month = month[first_day[who]]
        for k in range(max(start_day[who] - first_day[who], 0), n_days):
            day = first_day[who] + k
            # A gamma factor on a Poisson mean makes the count negative binomial.
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


# Compiled: draws come in order of person and day, which fixes the stream of random numbers.
@jit
def payments_left_out(  # type: ignore[no-untyped-def]
    rng,
    first_day,
    start_day,
    end_day,
    rate,
    weight,
    month,
    volume,
    shape,
    quiet,
    factor,
    counts,
    times,
):
    """Return the payments per person and day that a thinned table leaves out, like `counts`.

    `counts` are the payments that it holds, of mean rate x weight x volume and a gamma factor of
    the day with this `shape`. `times` as many are left out on average. Days before `start_day` and
    from `end_day` on have none.
    """
    left_out = np.zeros(counts.shape, np.int32)
    for who in range(first_day.size):
        first_month = month[first_day[who]]
        first = max(start_day[who] - first_day[who], 0)
        for k in range(first, min(end_day[who] - first_day[who], counts.shape[1])):
            day = first_day[who] + k
            mean = rate[who] * weight[day] * volume[who, month[day] - first_month]
            if quiet[0, who] <= day < quiet[1, who]:
                mean *= factor
            # Both parts of a day share its gamma factor. Given the payments that are held it is
            # gamma again, with the shape and the rate that the count adds (conjugate prior).
            luck = rng.standard_gamma(shape + counts[who, k]) / (shape + mean)
            left_out[who, k] = rng.poisson(times * mean * luck)
    return left_out


# Compiled: draws come in order of person, day and payment, so the rows need no sort.
@jit
def payment_times(  # type: ignore[no-untyped-def]
    rng, counts, first_day, night, clock, other_person, other_time, other_tag
):
    """Return (person, time, tag) of everyday payments and of the `other` ones, in one order.

    The other payments come in order of person and time. They are merged day by day.
    """
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
                # One draw: below `night` it is night and the rest says when; above it is day.
                draw = rng.random()
                if draw < night[who]:
                    second = (NIGHT_START + int(draw / night[who] * NIGHT_SECONDS)) % 86_400
                else:
                    second = _second((draw - night[who]) / (1.0 - night[who]), clock)
                time[at] = midnight + second * SECOND_US
                at += 1
            # The last day takes what is left, so that no payment is lost behind the window.
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
    """Return a table of kinds per person, people x LOOKUP_SIZE.

    Kinds have the shares of the cumulative `mix`. A table starts at a random place between two
    entries, so that a share smaller than one entry is met on average and not rounded away.
    """
    table = np.empty((mix.shape[0], LOOKUP_SIZE), np.int8)
    for who in range(mix.shape[0]):
        place, kind = rng.random(), 0
        for k in range(LOOKUP_SIZE):
            # The last kind takes what rounding leaves.
            while kind < mix.shape[1] - 1 and (k + place) / LOOKUP_SIZE >= mix[who, kind]:
                kind += 1
            table[who, k] = kind
    return table


# Compiled: one draw per payment in its order; both halves of the draw are used.
@jit
def payment_kinds(  # type: ignore[no-untyped-def]
    rng, person, time, own, special, special_kind, lookup, struck, inflow, moved_share, moved_kind
):
    """Return the kind of each payment.

    It is `own` where that is not below 0. Else a uniform draw chooses a special kind by the
    cumulative shares `special`, or one of the person's `lookup`. While a shock lasts (struck[1] to
    struck[2], of kind struck[0]) a payment becomes `moved_kind` with the chance moved_share[0] for
    an outflow and moved_share[1] for an inflow.
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
            # The rest of the draw above the last edge is uniform again, and chooses the entry.
            kinds[at] = lookup[
                who,
                int((draw - special[who, edge - 1]) / (1.0 - special[who, edge - 1]) * LOOKUP_SIZE),
            ]
        # Drawn only inside a shock: the draws of those without a shock do not depend on it.
        if (
            struck[1, who] <= time[at] < struck[2, who]
            and rng.random() < moved_share[int(inflow[kinds[at]])]
        ):
            kinds[at] = moved_kind[struck[0, who]]
    return kinds


# Compiled: draws per payment in its order, as many as its kind needs.
@jit
def payment_amounts(  # type: ignore[no-untyped-def]
    rng, person, time, kind, sigma, level, spread, own_level, drift, began, offline, shops
):
    """Return (fen, is_offline) of each payment.

    Amounts are lognormal. The log level is that of kind and person, and `drift` a microsecond since
    `began`. Prices of the first `shops` kinds have the endings `PRICE_ENDINGS`.
    """
    fen, at_counter = np.empty(kind.size, np.int64), np.empty(kind.size, np.bool_)
    for at in range(kind.size):
        which, who = kind[at], person[at]
        log = level[which] + own_level[who] + drift * (time[at] - began)
        cny = math.exp(log + rng.standard_normal() * sigma[which] * spread[who])
        # The whole part of the draw chooses the ending, the rest whether it was at a counter.
        draw = rng.random() * (len(PRICE_ENDINGS) + 1)
        end = int(draw)
        if which < shops and end < len(PRICE_ENDINGS):
            cny = math.floor(cny) + PRICE_ENDINGS[end]
        # A payment is at least one fen.
        fen[at] = max(int(np.rint(cny * 100.0)), 1)
        at_counter[at] = draw - end < offline[which]
    return fen, at_counter
