"""Read and write files: Parquet, JSON and text, whole or not at all; errors that say what to do."""
