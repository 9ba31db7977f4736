"""CONTRIBUTING.md, executed: each recipe is carried out in a copy of the repository."""
