"""From states to log-odds of default, and coefficients that give the family shares of a profile."""
