"""Evaluates a model on out-of-time applications: metrics, tests, profit, fairness and tables."""
