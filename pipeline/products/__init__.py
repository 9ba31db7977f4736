"""Finds and reads the files of `products/`. Of the stages only `bundle` depends on it."""
