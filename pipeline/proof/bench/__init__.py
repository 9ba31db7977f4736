"""`make bench`: compares our speed and memory with other code, one module per table."""
