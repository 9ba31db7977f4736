"""Decide applications in large numbers, keep what was decided, replay it and record overrides."""

if __name__ != "creditloom.serving":  # one module must not live under two names
    raise ImportError(
        f"the package is creditloom.serving, not {__name__}: write `import creditloom.serving`"
    )
