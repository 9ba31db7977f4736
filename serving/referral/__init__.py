"""Let a person decide: the queue of referred applications, and overrides (S2-R04, S3-R27)."""
