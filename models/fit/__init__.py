"""Anyone's table: encode, learn, calibrate and judge a model on rows that no calendar of ours orders."""
