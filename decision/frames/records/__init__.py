"""One or few applications as plain dicts: read without pandas, and answered as plain dicts."""
