"""Pricing mathematics (domain 4): pure functions of numbers; no product, law or frame is known here."""
