"""Optimise limit and price (domain 0.15): a rate per tier, a limit per applicant, under budgets.

The optimum comes with a proven bound.
"""
