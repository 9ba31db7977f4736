"""The rows that a model learns from and is judged on, their split by month, and the metrics."""
