"""The estimator: scikit-learn's conventions, and one bundle behind every door."""
