"""Commands about the simulated world alone."""
