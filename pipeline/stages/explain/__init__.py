"""Stage `explain`: out-of-time applications explained by the shap library, pictures and a few decisions taken apart."""
