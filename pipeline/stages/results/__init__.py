"""The stages that use a bundle: they decide, evaluate, explain and report."""
