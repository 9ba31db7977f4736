"""How groups of applicants fare: reasons and approvals, and whether the PD of each is right."""
