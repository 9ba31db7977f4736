"""The tables of a network snapshot, made by joins and rounds of Spark."""
