"""Stage `explain`: explains out-of-time applications with the shap library."""
