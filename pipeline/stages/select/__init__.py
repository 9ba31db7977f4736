"""Stage `select`: of all features, those the model may use, chosen inside the training months; what fell and why is a table."""
