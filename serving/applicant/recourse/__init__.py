"""Recourse: the cheapest changes of a person's own raw quantities that reach approval."""
