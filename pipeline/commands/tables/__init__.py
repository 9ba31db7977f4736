"""Commands on raw tables of one's own."""
