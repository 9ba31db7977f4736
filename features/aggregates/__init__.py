"""From the rows of one stream to one number per application: compiled loops and formulas over their results."""
