"""`creditloom evidence`: measures the statistical bars that need whole worlds, at several seeds."""
