"""Stage `decide`: every application of the matrix through the bundle, in blocks of rows."""
