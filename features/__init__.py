"""The ground floor: raw tables in, one row per application out. Relative imports only, so that it can be copied under another name."""

if __name__ != "creditloom.features":  # one module must not live under two names
    raise ImportError(f"the package is creditloom.features, not {__name__}: write `import creditloom.features`")
