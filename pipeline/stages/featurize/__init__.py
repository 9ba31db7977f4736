"""Stage `featurize`: makes matrix, labels and catalogue of raw tables or of a finished table."""
