"""Runs everything: the stages of DVC, the commands of `creditloom`, and the proofs.

This room calls all other rooms. No other room imports it.
"""

# At the root of a checkout Python can also import this room as `pipeline`. Python would then load
# each module twice, under two names, and each copy would have its own types.
if __name__ != "creditloom.pipeline":
    raise ImportError(
        f"the package is creditloom.pipeline, not {__name__}: write `import creditloom.pipeline`"
    )
