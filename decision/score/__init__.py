"""From a row to margin, PD, score and tier; exact contributions lie in `contributions`."""
