"""Raw tables of one's own: a mapping into the contract, what a folder holds, and a template."""
