"""Link batches and erasures in a log to which lines are only ever added, under a Merkle root."""
