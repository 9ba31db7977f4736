"""A book of accounts after booking, stepped month by month."""
