"""Raw tables of one's own: the template, the mapping, and what a folder is said to hold."""
