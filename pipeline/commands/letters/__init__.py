"""Commands that say of one decision what it is, why, and what can be done: explain, letter."""
