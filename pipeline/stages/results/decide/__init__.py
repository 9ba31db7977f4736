"""Stage `decide`: decides every application of the matrix with the bundle, in blocks of rows."""
