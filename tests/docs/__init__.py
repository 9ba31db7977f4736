"""Documents as their readers use them: every command carries a tier, and is run in it."""
