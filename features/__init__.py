"""Turn raw tables of events into one row of features per application.

This is the ground floor: it imports itself relatively, so that it can be copied under another name.
"""

# Either this repository's package, or a copy under a hashed name in a registered model.
if __name__ != "creditloom.features" and not __name__.startswith("creditloom_rt_"):
    raise ImportError(
        f"the package is creditloom.features, not {__name__}: write `import creditloom.features`"
    )
