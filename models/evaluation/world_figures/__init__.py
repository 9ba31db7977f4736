"""Figures of a simulated world: how it behaves, and what has been published about consumer credit."""
