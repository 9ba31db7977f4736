"""Stage `train`: selected features and labels of the training months to model.txt, its catalogue, the challenger and a record."""
