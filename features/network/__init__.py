"""What other people's rows say of an application: graph, transfers, shared devices."""
