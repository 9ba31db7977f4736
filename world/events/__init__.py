"""The raw event tables of the world: one module per feature family."""
