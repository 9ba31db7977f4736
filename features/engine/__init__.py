"""How features run: the point-in-time join, one bucket in memory, and the two engines around it."""
