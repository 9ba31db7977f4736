"""The synthetic world: people with latent states, the events that reveal them, an old policy, and outcomes (domain 7)."""

if __name__ != "creditloom.world":  # one module must not live under two names
    raise ImportError(
        f"the package is creditloom.world, not {__name__}: write `import creditloom.world`"
    )
