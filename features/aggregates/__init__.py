"""Aggregates: one number per application from the visible events of one raw table."""
