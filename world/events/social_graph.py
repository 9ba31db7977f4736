"""Events of the social-graph family: red packets, contacts and interactions (domain 7.4).

They are metadata only. contact_network shows in how many contacts there are and how old they are,
interaction_frequency and group_activity in days and messages, red_packet_balance in sent against
received. How much a person writes at all (`talk`) moves all counts, and tells nothing of credit;
messages a day show nothing else.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from creditloom.world.events.events import Chunk, Stamps, fen, scatter_two, table
from creditloom.world.people.people import SOC

# Code of the kind `group`.
KIND_GROUP = 3


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """Return all tables of the family, for those who consent; a thin file leaves few rows."""
    # The tables share one stream: they are drawn in this order.
    return {
        "red_packets": _red_packets(chunk, rng),
        "contacts": _contacts(chunk),
        "interactions": _interactions(chunk, rng),
    }


def _visible_share(chunk: Chunk) -> np.ndarray:
    """Return the share of each person's events that leave a row: 0 without consent."""
    thin = np.where(chunk.of("is_thin"), chunk.nature.presence.thin_activity, 1.0)
    return thin * chunk.of("consent_social")


def _red_packets(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Return red packets sent and received.

    Their rates are exp(+-half the log ratio) times the mean. Amounts are lognormal or favourites,
    at most 200 yuan.
    """
    numbers = chunk.nature.social
    stream = chunk.nature.stream("red_packet")
    half = chunk.linear("red_packet", "red_packet_balance")
    slopes = chunk.nature.rate_slopes
    of_trait = slopes.red_packets_sociable * chunk.of("traits")[:, SOC]
    sociable = np.exp(of_trait + slopes.red_packets_talk * chunk.of("talk"))
    rate = stream.rate * chunk.setting.params.activity_scale * sociable * _visible_share(chunk)
    rates = rate * np.exp([half, -half])
    stamps, direction = scatter_two(chunk, rates, chunk.days.red_packet, rng)
    # Draw order: free amount, favourite, which of the two.
    noise = np.exp(numbers.packet_sigma * rng.standard_normal(stamps.size))
    free = numbers.packet_median_cny * noise
    nth = rng.geometric(numbers.favourite_stop, stamps.size) - 1
    favourites = np.array(numbers.favourites_cny)
    favourite = favourites[np.minimum(nth, favourites.size - 1)]
    is_favourite = rng.random(stamps.size) < numbers.favourite_share
    amount = np.where(is_favourite, favourite, free)
    amount_fen = np.minimum(fen(amount), numbers.max_packet_cny * 100)
    return table(chunk, "red_packets", stamps, direction=direction, amount_fen=amount_fen)


def _contacts(chunk: Chunk) -> pa.Table:
    """Return the stored contact lists; nothing is drawn."""
    graph = chunk.world.graph
    rows = slice(graph.start[chunk.first], graph.start[chunk.last])
    person = graph.owner[rows] - chunk.first
    has_consent = chunk.of("consent_social")[person]
    stamps = Stamps(person[has_consent], graph.made_us[rows][has_consent])
    contact_id = chunk.world.first + graph.contact[rows][has_consent]
    return table(chunk, "contacts", stamps, contact_id=contact_id)


def _interactions(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Return days of contact with a person or a group; the contact of a group is null."""
    log_rates = [
        chunk.linear("interaction", "interaction_frequency"),
        chunk.linear("group", "group_activity"),
    ]
    rates = np.exp(log_rates) * _visible_share(chunk)
    # Draw order: moments and stream, contacts, kinds, messages.
    stamps, stream = scatter_two(chunk, rates, chunk.days.even, rng)
    contact, is_known = chunk.contact_of(stamps, rng)
    # Nobody interacts with a contact that is yet to be made.
    is_group = stream == 1
    is_kept = is_known | is_group
    stamps = stamps.where(is_kept)
    is_group = is_group[is_kept]
    kinds = np.array(chunk.nature.social.personal_kinds)
    personal = kinds[rng.integers(0, kinds.size, stamps.size)]
    return table(
        chunk,
        "interactions",
        stamps,
        kind=np.where(is_group, KIND_GROUP, personal),
        contact_id=(contact[is_kept], is_group),
        n_messages=_messages(chunk, stamps, is_group, rng),
    )


def _messages(
    chunk: Chunk, stamps: Stamps, is_group: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the messages of one day: lognormal, at least one."""
    alone = chunk.nature.stream("interaction_messages")
    group = chunk.nature.stream("group_messages")
    alone_level = chunk.linear("interaction_messages", "interaction_frequency")[stamps.person]
    group_level = chunk.linear("group_messages", "group_activity")[stamps.person]
    level = np.where(is_group, group_level, alone_level)
    noise = np.where(is_group, group.noise, alone.noise) * rng.standard_normal(stamps.size)
    # A row stands for at least one message; the largest count bounds the tail of the draw.
    return np.clip(np.ceil(np.exp(level + noise)), 1, chunk.nature.social.max_messages)
