"""The policy block of params.yaml, and the rule book that a bundle gets."""
