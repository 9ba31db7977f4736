"""What goes in and what comes out: frames, Arrow tables and strict JSON."""
