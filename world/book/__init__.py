"""A book of accounts after booking, advanced month by month."""
