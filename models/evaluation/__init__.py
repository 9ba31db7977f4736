"""What `evaluate` says about a model out-of-time: figures, tests, money, fairness, and the tables of the report."""
