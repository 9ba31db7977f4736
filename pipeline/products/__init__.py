"""Finds and reads the files of `products/`. Only the stage `bundle` and some commands use it."""
