"""Explains a sample of applications with the shap library, and draws the pictures."""
