"""Search the settings of the stacked learner on rolling origins inside the training months."""
