"""The wheel: the feature code and the decision runtime as one package, `creditloom`, for machines without this repository."""
