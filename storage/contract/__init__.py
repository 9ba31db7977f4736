"""The contract of raw tables: schema, row rules, lookups over other rows, and what is set aside."""
