"""The estimator: `creditloom.CreditScorer`, by scikit-learn's conventions."""
