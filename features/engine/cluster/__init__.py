"""Tasks of shards, here or on a cluster, and the session that runs them there."""
