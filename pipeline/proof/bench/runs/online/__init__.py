"""`creditloom bench online`: one person's raw rows to a decision, beside the batch asked for one."""
