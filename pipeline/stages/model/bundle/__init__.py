"""Stage `bundle`: adds tiers, rule book and reference to model and calibration in data/model."""
