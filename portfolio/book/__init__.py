"""Review a book of accounts each month: behaviour score, limits, prices, provisions (domain 6)."""
