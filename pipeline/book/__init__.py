"""The simulated book behind commands and `evaluate`: the world run forward, and its profit."""
