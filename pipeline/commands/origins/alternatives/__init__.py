"""The command that searches less discriminatory alternatives."""
