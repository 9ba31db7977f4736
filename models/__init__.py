"""Turn the feature matrix into a calibrated PD, and judge how good it is.

Frames and the feature catalogue arrive as arguments: no module of this room reads a file.
"""

# One module must not live under two names.
if __name__ != "creditloom.models":
    raise ImportError(
        f"the package is creditloom.models, not {__name__}: write `import creditloom.models`"
    )
