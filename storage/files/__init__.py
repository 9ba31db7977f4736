"""The only readers and writers of files: Parquet, JSON and text, whole or not at all; refusals in words."""
