"""The declarations of features, and the plan, catalogue and pages that are made of them."""
