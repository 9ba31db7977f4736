"""`make bench`: ratios side by side, one module per table."""
