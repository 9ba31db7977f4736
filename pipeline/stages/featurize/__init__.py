"""Stage `featurize`: raw tables (or a finished feature table) to the matrix, the labels and the catalogue; bad rows to quarantine."""
