"""The ground floor: raw tables in, one row per application out. Relative imports only, so that it can be copied under another name."""

if __name__ != "creditloom.features" and not __name__.startswith(
    "creditloom_rt_"
):  # here, or in a registered model
    raise ImportError(
        f"the package is creditloom.features, not {__name__}: write `import creditloom.features`"
    )
