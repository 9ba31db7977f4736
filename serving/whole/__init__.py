"""Make a batch whole: what of an earlier run is kept, which ids repeat, the parts as one file."""
