"""How decisions are made in numbers, kept, replayed and overridden."""

if __name__ != "creditloom.serving":  # one module must not live under two names
    raise ImportError(
        f"the package is creditloom.serving, not {__name__}: write `import creditloom.serving`"
    )
