"""Fit a user's table: encode, learn, calibrate and judge a model on rows without our calendar."""
