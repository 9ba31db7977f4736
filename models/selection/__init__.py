"""Choose the features of the model, and judge how many it should keep."""
