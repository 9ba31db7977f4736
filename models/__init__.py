"""From the feature matrix to a calibrated PD, a decision and a report. Frames and the feature catalogue arrive as arguments."""

if __name__ != "creditloom.models":  # one module must not live under two names
    raise ImportError(
        f"the package is creditloom.models, not {__name__}: write `import creditloom.models`"
    )
