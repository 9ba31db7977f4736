"""Decisions for one person at a time, from a store of persons."""
