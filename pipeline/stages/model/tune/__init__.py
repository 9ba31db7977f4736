"""Stage `tune` (frozen): searches booster parameters inside the training months."""
