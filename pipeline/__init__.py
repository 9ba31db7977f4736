"""The top floor: stages of DVC, commands of `creditloom`, proofs, and what these stand on.

This room composes all others. No other room imports it.
"""

# The room is reachable as `pipeline` too from the root of a checkout. Under two names a module would
# live twice, with two sets of types.
if __name__ != "creditloom.pipeline":
    raise ImportError(
        f"the package is creditloom.pipeline, not {__name__}: write `import creditloom.pipeline`"
    )
