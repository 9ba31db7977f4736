"""Claims about the simulated world (world/claims.yaml) and the figures that they are held to."""
