"""Explanations by the shap library, and their pictures."""
