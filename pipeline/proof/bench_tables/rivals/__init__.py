"""What competes with our learner in `creditloom bench tables`, one module per kind of method."""
