"""Manage credit after booking, and the whole book: reviews, limits and prices, comparisons."""

if __name__ != "creditloom.portfolio":  # one module must not live under two names
    raise ImportError(
        f"the package is creditloom.portfolio, not {__name__}: write `import creditloom.portfolio`"
    )
