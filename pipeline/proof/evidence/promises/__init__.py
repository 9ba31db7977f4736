"""What is promised of a decision, held against it: signs, raw changes, and recourse."""
