"""Pricing mathematics (domain 4): pure functions of numbers, without products, laws or frames."""
