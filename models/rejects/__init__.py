"""Reject inference: what a learner is told of the applicants that the incumbent refused."""
