"""From latent states to the log-odds of default, with coefficients that meet a weight profile."""
