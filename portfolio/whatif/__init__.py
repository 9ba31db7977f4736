"""What another policy would have decided: who moves, why, and what it earns."""
