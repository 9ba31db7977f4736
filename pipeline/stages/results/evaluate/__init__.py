"""Stage `evaluate`: measures model and decisions, and writes the report's tables."""
