"""Commands for the whole portfolio: compare, optimise, review, forward."""
