"""Changes of the raw tables of one person: what is promised of them, and what a person can do."""
