"""Turn the feature matrix into a calibrated PD, and judge how good it is.

Data frames and the feature catalogue are passed in as arguments: no module reads the data of a run.
Files are used only for the bundle of `creditloom fit` and for the journal of the tuning.
"""

# At the root of a checkout Python can also import this room as `models`. Python would then load
# each module twice, under two names, and each copy would have its own types.
if __name__ != "creditloom.models":
    raise ImportError(
        f"the package is creditloom.models, not {__name__}: write `import creditloom.models`"
    )
