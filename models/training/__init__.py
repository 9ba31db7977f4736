"""Runs the trainings: booster and ridge logit together, and the search for booster parameters."""
