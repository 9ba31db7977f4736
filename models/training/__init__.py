"""Fits: the booster, the ridge logit beside it, and the search for parameters."""
