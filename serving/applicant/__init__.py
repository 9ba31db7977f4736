"""What a decision means for the applicant: letters and explanations, and what would change it."""
