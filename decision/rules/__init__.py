"""Each rule one small function of the batch; together they give the verdict."""
