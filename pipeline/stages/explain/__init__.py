"""Stage `explain`: explains out-of-time applications by the shap library."""
