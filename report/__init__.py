"""The report: `render(ReportData(...))` gives one HTML page that needs no network."""

if __name__ != "creditloom.report":  # one module must not live under two names
    raise ImportError(
        f"the package is creditloom.report, not {__name__}: write `import creditloom.report`"
    )
