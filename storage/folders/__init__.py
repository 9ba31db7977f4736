"""Find the files of an input folder: of a batch, and of raw tables."""
