"""Joins the rules of the sources with the code and the tests that cite them, by rule id."""
