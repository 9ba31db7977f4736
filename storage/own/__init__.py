"""Read a finished table of the user's own: CSV, Parquet, a folder of parts, a frame in memory."""
