"""Commands for the whole book: compare, optimise, review, forward."""
