"""Read the table of a user's own in a batch as training read it: CSV, texts, dates, raw files."""
