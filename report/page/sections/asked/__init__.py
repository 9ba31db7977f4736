"""Sections that answer what a committee, a validator and an operator ask first."""
