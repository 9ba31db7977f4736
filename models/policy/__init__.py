"""The `policy` block of params.yaml, and the rule book and reference that a bundle gets."""
