"""A lake of raw tables: shards by person, sorted runs, and a receipt for every file."""
