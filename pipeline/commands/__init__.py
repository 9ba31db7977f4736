"""One file per command of `creditloom`, in the groups of its help."""
