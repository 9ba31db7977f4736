"""Commands about the folder that one works in: what it holds, and what the machine lacks."""
