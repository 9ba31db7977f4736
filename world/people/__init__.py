"""Who lives in the world: traits, who knows whom, life shocks, fraud rings."""
