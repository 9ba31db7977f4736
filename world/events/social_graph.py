"""Events of the social-graph family: red packets, contacts and interactions, metadata only (domain 7.4).

contact_network shows in how many contacts there are and how old, interaction_frequency and group_activity in days and messages,
red_packet_balance in sent against received.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from creditloom.world.events.events import Chunk, Stamps, fen, scatter_two, table
from creditloom.world.people.people import SOC

SENT, RECEIVED = 0, 1
KIND_GROUP = 3
FAVOURITES_CNY = np.array([6.66, 8.88, 52.0, 66.0, 88.88, 200.0])
MAX_FEN = 20_000
MAX_MESSAGES = 5_000


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """All tables of the family for those who consent; a thin file leaves few rows."""
    return {
        "red_packets": _red_packets(chunk, rng),
        "contacts": _contacts(chunk),
        "interactions": _interactions(chunk, rng),
    }


def _share(chunk: Chunk) -> np.ndarray:
    thin = np.where(chunk.of("is_thin"), chunk.nature.presence.thin_activity, 1.0)
    return thin * chunk.of("consent_social")


def _red_packets(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Sent and received at exp(+-half the log ratio); amounts lognormal with the favourite figures, at most 200 yuan."""
    stream = chunk.nature.stream("red_packet")
    half = chunk.linear("red_packet", "red_packet_balance")
    rate = (
        stream.rate
        * chunk.setting.params.activity_scale
        * np.exp(0.15 * chunk.of("traits")[:, SOC])
        * _share(chunk)
    )
    stamps, direction = scatter_two(chunk, rate * np.exp([half, -half]), chunk.days.red_packet, rng)
    amount = 6.6 * np.exp(1.1 * rng.standard_normal(stamps.size))
    favourite = FAVOURITES_CNY[
        np.minimum(rng.geometric(0.45, stamps.size) - 1, FAVOURITES_CNY.size - 1)
    ]
    amount = np.where(rng.random(stamps.size) < 0.25, favourite, amount)
    return table(
        chunk,
        "red_packets",
        stamps,
        direction=direction,
        amount_fen=np.minimum(fen(amount), MAX_FEN),
    )


def _contacts(chunk: Chunk) -> pa.Table:
    graph = chunk.world.graph
    rows = slice(graph.start[chunk.first], graph.start[chunk.last])
    person = graph.owner[rows] - chunk.first
    kept = chunk.of("consent_social")[person]
    stamps = Stamps(person[kept], graph.made_us[rows][kept])
    return table(
        chunk, "contacts", stamps, contact_id=chunk.world.first + graph.contact[rows][kept]
    )


def _interactions(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    rates = np.exp(
        [
            chunk.linear("interaction", "interaction_frequency"),
            chunk.linear("group", "group_activity"),
        ]
    ) * _share(chunk)
    stamps, is_group = scatter_two(chunk, rates, chunk.days.even, rng)
    contact, is_known = chunk.contact_of(stamps, rng)
    kept = is_known | (is_group == 1)
    stamps, is_group, contact = stamps.where(kept), is_group[kept] == 1, contact[kept]
    return table(
        chunk,
        "interactions",
        stamps,
        kind=np.where(
            is_group, KIND_GROUP, np.array([0, 0, 0, 1, 2])[rng.integers(0, 5, stamps.size)]
        ),
        contact_id=(contact, is_group),
        n_messages=_messages(chunk, stamps, is_group, rng),
    )


def _messages(
    chunk: Chunk, stamps: Stamps, is_group: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Messages of one day: lognormal, at least one."""
    alone, group = (
        chunk.nature.stream("interaction_messages"),
        chunk.nature.stream("group_messages"),
    )
    level = np.where(
        is_group,
        chunk.linear("group_messages", "group_activity")[stamps.person],
        chunk.linear("interaction_messages", "interaction_frequency")[stamps.person],
    )
    noise = np.where(is_group, group.noise, alone.noise) * rng.standard_normal(stamps.size)
    return np.clip(np.ceil(np.exp(level + noise)), 1, MAX_MESSAGES)
