"""Stage `bundle`: tiers, rule book and reference join model and calibration in data/model, under a manifest of hashes."""
