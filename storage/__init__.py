"""Read, check, set aside and write tables: the store, the contract of raw tables, the sources."""

if __name__ != "creditloom.storage":  # one module must not live under two names
    raise ImportError(
        f"the package is creditloom.storage, not {__name__}: write `import creditloom.storage`"
    )
