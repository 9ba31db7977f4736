"""A quotation: the cost of one loan to the cent, and whether the law allows it (domain 4, 5)."""
