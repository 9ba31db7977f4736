"""Decisions for one person at a time, from raw rows in a store of persons."""
