"""The top floor: stages of DVC, commands of `creditloom`, proofs, and what these stand on.

This room composes all others. No other room imports it.
"""

# At the root of a checkout Python would find this room as `pipeline` too. Under two names a module
# would live twice, with two sets of types.
if __name__ != "creditloom.pipeline":
    raise ImportError(
        f"the package is creditloom.pipeline, not {__name__}: write `import creditloom.pipeline`"
    )
