"""The decision runtime: it reads a bundle of text files and returns explained credit decisions.

It imports nothing of this repository but itself, so that MLflow can copy it into a registered
model.
"""

# Two names are valid: this repository's, and the hashed name of a copy in a registered model.
# Under any other name a second copy of every class would exist, and `isinstance` would fail.
if __name__ != "creditloom.decision" and not __name__.startswith("creditloom_rt_"):
    raise ImportError(
        f"the package is creditloom.decision, not {__name__}: write `import creditloom.decision`"
    )
