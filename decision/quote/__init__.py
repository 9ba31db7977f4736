"""A quotation: what one loan of a product costs to the cent, and whether the law allows it (domain 4, 5)."""
