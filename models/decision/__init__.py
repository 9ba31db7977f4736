"""The decision runtime: a bundle of text in, explained decisions out. It imports nothing of this repository but itself."""
