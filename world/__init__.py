"""The synthetic world: people, the events they cause, the loans they got and how these ended.

People have latent states (domain 7). Events reveal the states, an incumbent policy books loans,
and every application has an outcome. Nothing outside this room knows the truth.
"""

if __name__ != "creditloom.world":  # one module must not live under two names
    raise ImportError(
        f"the package is creditloom.world, not {__name__}: write `import creditloom.world`"
    )
