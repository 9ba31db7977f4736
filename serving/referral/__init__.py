"""Cases that a person decides: the queue of referred applications, and the overrides that are recorded of them (S2-R04, S3-R27)."""
