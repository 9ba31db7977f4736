"""Limit and price as an optimum (domain 0.15): a rate per tier and a limit per applicant under budgets, with a proven bound."""
