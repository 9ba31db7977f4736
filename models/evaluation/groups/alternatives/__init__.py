"""Searches less discriminatory alternatives: other models with a smaller gap at a like AUC."""
