"""Stage `tune` (frozen): searches booster parameters inside the training months and prints the block to commit in params.yaml."""
