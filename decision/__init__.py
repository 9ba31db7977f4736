"""The decision runtime: a bundle of text in, explained decisions out. It imports nothing of this repository but itself."""

if __name__ != "creditloom.decision" and not __name__.startswith(
    "creditloom_rt_"
):  # here, or in a registered model
    raise ImportError(
        f"the package is creditloom.decision, not {__name__}: write `import creditloom.decision`"
    )
