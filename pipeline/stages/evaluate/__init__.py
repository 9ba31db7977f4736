"""Stage `evaluate`: bundle, decisions and (where there is one) the truth to metrics.json and the tables of the report."""
