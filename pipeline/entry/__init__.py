"""How the command line begins: the empty one, and the text that lists its commands."""
