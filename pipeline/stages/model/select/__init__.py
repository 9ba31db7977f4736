"""Stage `select`: chooses the features that the model may use, inside the training months."""
