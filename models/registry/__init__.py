"""What leaves the house by MLflow: the bundle and its runtime under a unique name, versions, aliases, and the gate before an alias moves."""
