"""Commands for who runs a book: compare, optimise, forward, review."""
