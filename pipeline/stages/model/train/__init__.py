"""Stage `train`: trains booster and challenger on the labelled loans of the training months."""
