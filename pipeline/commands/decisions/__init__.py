"""Commands for who decides: decide, quote, products, refer, score, replay, verify."""
