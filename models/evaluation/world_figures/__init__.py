"""Figures of a simulated world: how it behaves, and published facts beside it."""
