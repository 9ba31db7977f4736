"""How features are executed: the point-in-time join, the kernel for one bucket, DuckDB and Spark around it."""
