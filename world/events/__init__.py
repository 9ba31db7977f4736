"""What people leave behind: one module per family of raw tables."""
