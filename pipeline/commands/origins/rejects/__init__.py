"""The command that compares the ways of reject inference."""
