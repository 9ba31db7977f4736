"""`creditloom bench online`: one person's raw rows to a decision, beside a batch of one."""
