"""The contract of the raw tables, which the feature code states as their reader."""
