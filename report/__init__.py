"""What people look at: the report, its pictures, and the page of `creditloom fit`.

`render(ReportData(...))` returns one HTML page that needs no network.
"""

# At the root of a checkout Python can also import this room as `report`. Python would then load
# each module twice, under two names, and each copy would have its own types.
if __name__ != "creditloom.report":
    raise ImportError(
        f"the package is creditloom.report, not {__name__}: write `import creditloom.report`"
    )
