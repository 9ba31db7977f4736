"""The package: what is installed, on a machine without this repository."""
