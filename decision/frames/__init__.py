"""Input and output of the runtime: pandas frames, Arrow tables and the decisions table."""
