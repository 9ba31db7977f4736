"""The monthly review of a book of accounts: behaviour score, limits, prices, collections and provisions (domain 6)."""
