"""Commit to every row of a part by itself, so that a row can be erased and the others proved."""
