"""Where tables come from and lie: the store, the contract, sources of data, the synthetic world; below it, git-ignored, the outs of DVC."""

if __name__ != "creditloom.storage":  # one module must not live under two names
    raise ImportError(
        f"the package is creditloom.storage, not {__name__}: write `import creditloom.storage`"
    )
