"""The synthetic world: people with latent states, the events that reveal them, an old policy, and outcomes (domain 7)."""

from __future__ import annotations

from data.world.nature import Nature
from data.world.params import Calendar, WorldError, WorldParams
from data.world.simulate import simulate

__all__ = ["Calendar", "Nature", "WorldError", "WorldParams", "simulate"]
