"""What people look at: the report, its pictures, and the page of `creditloom fit`.

`render(ReportData(...))` returns one HTML page that needs no network.
"""

# At the root of a checkout Python would find this room as `report` too. Under two names a module
# would live twice, with two sets of types.
if __name__ != "creditloom.report":
    raise ImportError(
        f"the package is creditloom.report, not {__name__}: write `import creditloom.report`"
    )
