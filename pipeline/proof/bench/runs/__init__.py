"""What a table of `creditloom bench` runs as a process of its own."""
