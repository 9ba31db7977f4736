"""Features made of other people's rows: graph, transfers, shared devices."""
