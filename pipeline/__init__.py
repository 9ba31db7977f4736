"""The top floor: one thin verb per DVC stage, the parameters, the paths and the command line. It composes; nobody imports it."""

if __name__ != "creditloom.pipeline":  # one module must not live under two names
    raise ImportError(
        f"the package is creditloom.pipeline, not {__name__}: write `import creditloom.pipeline`"
    )
