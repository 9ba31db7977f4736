"""The page of `creditloom simulate`: a simulated world beside published facts."""
