"""The people of the world: their traits, their contacts, their life shocks and the fraud rings."""
