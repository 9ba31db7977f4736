"""The feature families, one module each, and their order in the matrix."""
