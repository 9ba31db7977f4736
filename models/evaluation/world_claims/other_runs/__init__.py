"""Claims that need another run than the one at hand: other decisions, a scenario, a switch."""
