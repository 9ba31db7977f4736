"""The `policy` block of params.yaml, and the reference that it puts into a bundle."""
