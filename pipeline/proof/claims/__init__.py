"""`creditloom claims`: every claim about the world, measured at several seeds."""
