"""Stage `featurize`: makes matrix, labels and catalogue from raw tables or a finished table."""
