"""Publish models by MLflow: a bundle with its runtime, versions, aliases, and the champion's gate.

A version carries its runtime under a unique package name. An alias moves only through the gate.
"""
