"""The rules: each is one small function of a batch, and together they give the verdict."""
