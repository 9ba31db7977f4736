"""What `evaluate` says about a model out-of-time: metrics, tests, profit, fairness and tables."""
