"""The stages from features to a bundle: select, tune, train, calibrate, bundle."""
