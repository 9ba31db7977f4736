"""Explain one decision in words to whoever works the case."""
