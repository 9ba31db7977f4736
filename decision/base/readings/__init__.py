"""How columns are read as something else than what they are stored as; the same everywhere."""
