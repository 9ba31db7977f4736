"""Which features a model may use, and how many are worth keeping."""
