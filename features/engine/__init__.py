"""The engine of features: point-in-time join, kernel of one bucket, and two ways to run it."""
