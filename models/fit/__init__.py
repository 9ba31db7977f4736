"""Fit a model on a user's own table: encode, learn, calibrate and judge. No calendar is needed."""
