"""The contract of the raw tables: tables and columns that features read, and their checks."""
