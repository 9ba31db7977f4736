"""What stages read: rows of the matrix, the truth, the parts of the report."""
