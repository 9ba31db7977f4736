"""Commands for making decisions: decide, quote, products, refer, score, replay, verify."""
