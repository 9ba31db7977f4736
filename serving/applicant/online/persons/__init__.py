"""Raw rows by person in an embedded database: one person's rows are read in microseconds."""
