"""What leaves the house by MLflow: bundle and runtime under a unique name, versions, aliases, and the gate before an alias moves."""
